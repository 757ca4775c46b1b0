import type { JobId } from "../../../../common/ids/ids.ts";
import type { CheckpointLocation } from "../../../../protocol/control/snapshots.ts";
import type { CheckpointMetadata } from "../../../../runtime/checkpoint/format/checkpoint-metadata.ts";
import type {
  CheckpointStore,
  CompletedCheckpoint,
} from "../../../../runtime/checkpoint/storage/checkpoint-store.ts";

/** A job's storage as all generations of its JobMaster share it: opened once, so that none of them fences another. */
export class SharedStore implements CheckpointStore {
  readonly #store: CheckpointStore;
  #opening: Promise<void> | undefined;

  constructor(store: CheckpointStore) {
    this.#store = store;
  }

  async open(jobId: JobId, again = false): Promise<void> {
    const opening = (this.#opening ??= this.#store.open(jobId, again));
    try {
      await opening;
    } catch (error) {
      // What can't be opened now may be later.
      if (this.#opening === opening) this.#opening = undefined;
      throw error;
    }
  }

  get epoch(): number {
    return this.#store.epoch;
  }

  get location(): CheckpointLocation {
    return this.#store.location;
  }

  async checkOwner(): Promise<void> {
    return this.#store.checkOwner();
  }

  async completed(): Promise<readonly CompletedCheckpoint[]> {
    return this.#store.completed();
  }

  async newest(): Promise<CompletedCheckpoint | undefined> {
    return this.#store.newest();
  }

  async prepareSavepoint(target: string | undefined): Promise<CheckpointLocation> {
    return this.#store.prepareSavepoint(target);
  }

  async record(metadata: CheckpointMetadata, location: CheckpointLocation): Promise<CompletedCheckpoint> {
    return this.#store.record(metadata, location);
  }

  async claim(checkpoint: CompletedCheckpoint): Promise<string | undefined> {
    return this.#store.claim(checkpoint);
  }

  async discard(checkpoint: CompletedCheckpoint): Promise<Error | undefined> {
    return this.#store.discard(checkpoint);
  }

  async discardUnrecorded(metadata: Pick<CheckpointMetadata, "operators" | "channels">): Promise<void> {
    return this.#store.discardUnrecorded(metadata);
  }

  async removeOrphans(): Promise<void> {
    return this.#store.removeOrphans();
  }

  async close(): Promise<void> {
    return this.#store.close();
  }
}
