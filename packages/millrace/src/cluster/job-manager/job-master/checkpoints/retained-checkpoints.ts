import type {
  CheckpointStore,
  CompletedCheckpoint,
} from "../../../../runtime/checkpoint/storage/checkpoint-store.ts";
import type { CheckpointSettings } from "./checkpoint-settings.ts";

/** How a job has ended, or gone on. */
export type JobEnd = "FINISHED" | "CANCELED" | "FAILED";

/** The completed checkpoints that a job keeps, and what becomes of them. */
export class RetainedCheckpoints {
  readonly #settings: Pick<CheckpointSettings, "retained" | "retention">;
  readonly #log: (level: "info" | "warn", message: string) => void;
  /** The oldest first. */
  #kept: readonly CompletedCheckpoint[] = [];

  constructor(
    settings: Pick<CheckpointSettings, "retained" | "retention">,
    log: (level: "info" | "warn", message: string) => void,
  ) {
    this.#settings = settings;
    this.#log = log;
  }

  /** A new one; those that are too many go. Settles when they have gone; never rejects. */
  async add(checkpoint: CompletedCheckpoint, store: CheckpointStore): Promise<void> {
    const all = [...this.#kept, checkpoint];
    const surplus = all.slice(0, Math.max(0, all.length - this.#settings.retained));
    this.#kept = all.slice(surplus.length);
    await this.#discard(surplus, store);
  }

  /** The job has ended: what its retention doesn't keep goes. Never rejects. */
  async end(how: JobEnd, store: CheckpointStore): Promise<void> {
    const { retention } = this.#settings;
    const keep =
      (how === "FAILED" && retention !== "NO_EXTERNALIZED_CHECKPOINTS") ||
      (how === "CANCELED" && retention === "RETAIN_ON_CANCELLATION");
    const last = this.#kept.at(-1);
    if (!keep) await this.#discard(this.#kept, store);
    else if (last?.path !== undefined) this.#log("info", `checkpoint ${nameOf(last)} is kept: ${last.path}`);
    this.#kept = [];
  }

  async #discard(checkpoints: readonly CompletedCheckpoint[], store: CheckpointStore): Promise<void> {
    for (const checkpoint of checkpoints) {
      const error = await store.discard(checkpoint);
      if (error !== undefined)
        this.#log("warn", `checkpoint ${nameOf(checkpoint)} could not be removed: ${error.message}`);
    }
  }
}

const nameOf = ({ metadata }: CompletedCheckpoint): string => String(metadata.checkpointId);
