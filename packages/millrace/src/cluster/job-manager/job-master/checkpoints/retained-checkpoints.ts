import type {
  CheckpointStore,
  CompletedCheckpoint,
} from "../../../../runtime/checkpoint/storage/checkpoint-store.ts";
import type { CheckpointSettings } from "./checkpoint-settings.ts";

/** How a job has ended, or gone on. */
export type JobEnd = "FINISHED" | "CANCELED" | "FAILED" | "SUSPENDED";

/** The completed checkpoints that a job keeps, and what becomes of them. */
export class RetainedCheckpoints {
  readonly #settings: Pick<CheckpointSettings, "retained" | "retention">;
  readonly #log: (level: "info" | "warn", message: string) => void;
  /** The oldest first. */
  #kept: readonly CompletedCheckpoint[] = [];
  /** Too many, and not discarded yet. */
  #surplus: readonly CompletedCheckpoint[] = [];

  constructor(
    settings: Pick<CheckpointSettings, "retained" | "retention">,
    log: (level: "info" | "warn", message: string) => void,
    kept: readonly CompletedCheckpoint[] = [],
  ) {
    this.#settings = settings;
    this.#log = log;
    this.#kept = kept;
  }

  /** Those that are kept, oldest first. */
  get kept(): readonly CompletedCheckpoint[] {
    return this.#kept;
  }

  /** A new one. Answers those that are too many now, to be discarded when nothing can build on them any more. */
  add(checkpoint: CompletedCheckpoint): readonly CompletedCheckpoint[] {
    const all = [...this.#kept, checkpoint];
    const surplus = all.slice(0, Math.max(0, all.length - this.#settings.retained));
    this.#kept = all.slice(surplus.length);
    this.#surplus = [...this.#surplus, ...surplus];
    return surplus;
  }

  /** Removes what is left of these. Never rejects. */
  async discard(checkpoints: readonly CompletedCheckpoint[], store: CheckpointStore): Promise<void> {
    const now = checkpoints.filter((checkpoint) => this.#surplus.includes(checkpoint));
    this.#surplus = this.#surplus.filter((checkpoint) => !now.includes(checkpoint));
    await this.#discard(now, store);
  }

  /** The job has ended: what its retention doesn't keep goes. Never rejects. */
  async end(how: JobEnd, store: CheckpointStore): Promise<void> {
    const { retention } = this.#settings;
    const keep =
      (how === "FAILED" && retention !== "NO_EXTERNALIZED_CHECKPOINTS") ||
      (how === "CANCELED" && retention === "RETAIN_ON_CANCELLATION");
    await this.discard(this.#surplus, store);
    if (how === "SUSPENDED") return;
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
