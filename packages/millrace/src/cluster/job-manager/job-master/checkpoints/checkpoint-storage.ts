import type { Clock, ClockTimer } from "../../../../common/clock/clock.ts";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { CheckpointLocation, TaskSnapshot } from "../../../../protocol/control/snapshots.ts";
import type { CheckpointMetadata } from "../../../../runtime/checkpoint/format/checkpoint-metadata.ts";
import type {
  CheckpointStore,
  CompletedCheckpoint,
} from "../../../../runtime/checkpoint/storage/checkpoint-store.ts";
import { unrecorded } from "./assemble-metadata.ts";
import type { CheckpointSettings } from "./checkpoint-settings.ts";
import { RetainedCheckpoints } from "./retained-checkpoints.ts";
import type { JobEnd } from "./retained-checkpoints.ts";

/** What the storage of a job is used with. */
export interface CheckpointStorageOptions {
  readonly settings: Pick<CheckpointSettings, "retained" | "retention">;
  readonly clock: Clock;
  /** The store, opened. Called when it is first needed. */
  readonly openStore: () => Promise<CheckpointStore>;
  readonly log: (level: "info" | "warn" | "error", message: string) => void;
}

/** All of a savepoint in memory is inline. */
const IN_MEMORY: CheckpointLocation = { directory: undefined, inlineThreshold: 0 };

/**
 * A job's checkpoints on their way into its store and out of it. What takes time and only tidies up never rejects: a file that is
 * left does no harm.
 */
export class CheckpointStorage {
  readonly #options: CheckpointStorageOptions;
  readonly #retained: RetainedCheckpoints;
  #store: Promise<CheckpointStore> | undefined;
  #operations = 0;

  /** @param retained the job's own checkpoints from before, oldest first */
  constructor(options: CheckpointStorageOptions, retained: readonly CompletedCheckpoint[] = []) {
    this.#options = options;
    this.#retained = new RetainedCheckpoints(options.settings, options.log, retained);
  }

  /** The job's own checkpoints, oldest first. */
  get retained(): readonly CompletedCheckpoint[] {
    return this.#retained.kept;
  }

  /** Whether the job has a store: then it may be fenced. */
  get opened(): boolean {
    return this.#store !== undefined;
  }

  /** Sees that nobody has taken over the job's checkpoints. @throws FENCED; CHECKPOINT_STORAGE_FAILED where that can't be found out */
  async checkOwner(): Promise<void> {
    if (this.#store === undefined) return;
    const store = await this.open();
    await this.#during(store.checkOwner());
  }

  /** Whether something is underway. */
  get busy(): boolean {
    return this.#operations > 0;
  }

  /** The store, opened. What can't be opened now may be later. @throws CHECKPOINT_STORAGE_FAILED */
  async open(): Promise<CheckpointStore> {
    const opening = (this.#store ??= this.#options.openStore());
    try {
      return await this.#during(opening);
    } catch (error) {
      if (this.#store === opening) this.#store = undefined;
      throw error;
    }
  }

  /** Where a checkpoint goes. @throws CHECKPOINT_STORAGE_FAILED */
  async ofCheckpoints(): Promise<CheckpointLocation> {
    const { location } = await this.open();
    return location;
  }

  /**
   * Where a savepoint goes.
   *
   * @param target the folder in which it makes its own; undefined: the configured one; "memory": nowhere
   * @throws CHECKPOINT_STORAGE_FAILED
   */
  async ofSavepoint(target: string | undefined): Promise<CheckpointLocation> {
    if (target === "memory") return IN_MEMORY;
    const store = await this.open();
    return this.#during(store.prepareSavepoint(target));
  }

  /** Records one. @param location undefined: where checkpoints go @throws CHECKPOINT_STORAGE_FAILED */
  async record(
    metadata: CheckpointMetadata,
    location: CheckpointLocation | undefined,
  ): Promise<CompletedCheckpoint> {
    // A job that keeps nothing anywhere needs no storage for what is in memory.
    if (location === IN_MEMORY && this.#store === undefined) return { metadata, path: undefined };
    const store = await this.open();
    return this.#during(store.record(metadata, location ?? store.location));
  }

  /** The checkpoint that the job starts from is its own from now on: it goes when later ones replace it. */
  async claim(checkpoint: CompletedCheckpoint): Promise<void> {
    const store = await this.open();
    const newer = await this.#during(store.claim(checkpoint));
    this.#retained.add(checkpoint);
    if (newer !== undefined) this.#options.log("warn", newer);
  }

  /** Keeps a new one, and removes those that are too many now, once nothing can build on them any more: when `unused` settles. */
  async retain(checkpoint: CompletedCheckpoint, unused: () => Promise<void>): Promise<void> {
    const surplus = this.#retained.add(checkpoint);
    if (surplus.length === 0) return;
    await unused();
    await this.#tidy("older checkpoints", (store) => this.#retained.discard(surplus, store));
  }

  /** Removes one that is nobody's. */
  async discard(checkpoint: CompletedCheckpoint): Promise<void> {
    await this.#tidy(`checkpoint ${checkpoint.metadata.checkpointId}`, async (store) => {
      const error = await store.discard(checkpoint);
      if (error !== undefined) throw error;
    });
  }

  /** Removes what tasks wrote for nothing. */
  async clean(snapshots: readonly TaskSnapshot[]): Promise<void> {
    if (snapshots.length === 0 || this.#store === undefined) return;
    await this.#tidy("files of a checkpoint that was given up", (store) =>
      store.discardUnrecorded(unrecorded(snapshots)),
    );
  }

  /**
   * The job has ended: keeps or removes its checkpoints.
   *
   * @param settled settles when nothing is being recorded any more; whether nothing ever will be
   * @param timeout ms after which a storage that doesn't answer is left alone; 0: never
   */
  async close(how: JobEnd, settled: () => Promise<boolean>, timeout: number): Promise<void> {
    const { clock, log } = this.#options;
    let timer: ClockTimer | undefined;
    const tooLong = new Promise<void>((resolve) => {
      if (timeout === 0) return;
      timer = clock.schedule(timeout, () => {
        log(
          "warn",
          `the storage of checkpoints did not answer within ${timeout} ms: they are left as they are`,
        );
        resolve();
      });
    });
    await Promise.race([this.#close(how, settled), tooLong]);
    timer?.cancel();
  }

  async #close(how: JobEnd, settled: () => Promise<boolean>): Promise<void> {
    const quiet = await settled();
    if (this.#store === undefined && this.#retained.kept.length === 0) return;
    if (await this.#fenced()) return;
    await this.#tidy("checkpoints", async (store) => {
      await this.#retained.end(how, store);
      // It goes on with the same storage, here or elsewhere.
      if (how === "SUSPENDED") return;
      // What is still being recorded may yet name files.
      if (quiet) await store.removeOrphans();
      await store.close();
    });
  }

  /** Whether all of it is somebody else's now. */
  async #fenced(): Promise<boolean> {
    try {
      await this.checkOwner();
      return false;
    } catch (error) {
      if (!MillraceError.is(error, "FENCED")) return false;
      this.#options.log("info", `nothing is removed: ${error.message}`);
      return true;
    }
  }

  async #tidy(what: string, operation: (store: CheckpointStore) => Promise<void>): Promise<void> {
    try {
      await this.#during(operation(await this.open()));
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.#options.log("warn", `${what} could not be removed: ${text}`);
    }
  }

  async #during<T>(operation: Promise<T>): Promise<T> {
    this.#operations++;
    try {
      return await operation;
    } finally {
      this.#operations--;
    }
  }
}
