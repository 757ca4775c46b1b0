import type { CheckpointLocation } from "../../protocol/control/snapshots.ts";
import type { CheckpointMetadata } from "../../runtime/checkpoint/format/checkpoint-metadata.ts";
import type {
  CheckpointStore,
  CompletedCheckpoint,
} from "../../runtime/checkpoint/storage/checkpoint-store.ts";

/** Checkpoints in the JobMaster's memory: all state is inline. */
export class MemoryCheckpointStore implements CheckpointStore {
  readonly location: CheckpointLocation = { directory: undefined, inlineThreshold: 0 };
  async open(): Promise<void> {}
  async prepareSavepoint(): Promise<CheckpointLocation> {
    return this.location;
  }
  async record(metadata: CheckpointMetadata): Promise<CompletedCheckpoint> {
    return { metadata, path: undefined };
  }
  claim(): void {}
  async discard(): Promise<undefined> {}
  async discardUnrecorded(): Promise<void> {}
  async removeOrphans(): Promise<void> {}
  async close(): Promise<void> {}
}
