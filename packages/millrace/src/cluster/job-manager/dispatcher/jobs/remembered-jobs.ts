import type { Clock } from "../../../../common/clock/clock.ts";
import type { JobId } from "../../../../common/ids/ids.ts";
import type { JobView } from "../../../../protocol/cluster/job-view.ts";
import type { Log } from "../../../logging/log.ts";
import type { ResultStore, StoredResult } from "../store/result-store.ts";

/** How many jobs are remembered, and how long in ms. */
export interface RememberingSettings {
  readonly capacity: number;
  readonly expiration: number;
}

interface Remembered {
  readonly result: StoredResult;
  /** Monotonic ms. */
  readonly until: number;
}

/**
 * Jobs that have ended, as they were at their end. With high availability the next JobManager remembers them, too: as many, and as long after
 * their end by the clock of its machine.
 */
export class RememberedJobs {
  readonly #clock: Clock;
  readonly #settings: RememberingSettings;
  readonly #store: ResultStore;
  readonly #log: Log;
  /** In the order of their ends. */
  readonly #jobs = new Map<JobId, Remembered>();

  constructor(clock: Clock, settings: RememberingSettings, store: ResultStore, log: Log) {
    this.#clock = clock;
    this.#settings = settings;
    this.#store = store;
    this.#log = log;
  }

  get all(): readonly JobView[] {
    this.#forget();
    return [...this.#jobs.values()].map(({ result }) => result.view);
  }

  get(id: JobId): JobView | undefined {
    return this.result(id)?.view;
  }

  result(id: JobId): StoredResult | undefined {
    this.#forget();
    return this.#jobs.get(id)?.result;
  }

  /** Takes over what an earlier JobManager remembered. @throws CODEC_CORRUPT */
  recover(): void {
    const { expiration } = this.#settings;
    const now = this.#clock.now();
    for (const result of this.#store.recovered()) {
      const left = expiration - (now - (result.view.endedAt ?? now));
      this.#keep(result, Math.min(expiration, left));
    }
    this.#forget();
  }

  /** From now on it is known. Settles when it outlives this process. @throws FENCED, CHECKPOINT_STORAGE_FAILED: the next JobManager does not know it */
  async add(result: StoredResult): Promise<void> {
    this.#keep(result, this.#settings.expiration);
    await this.#store.put(result);
    // What is to be forgotten at once leaves nothing behind.
    this.#forget();
  }

  /** Known to this process alone: the next one tries it again. */
  addForNow(view: JobView): void {
    this.#keep({ view, request: undefined }, this.#settings.expiration);
  }

  #keep(result: StoredResult, left: number): void {
    const { jobId } = result.view;
    this.#jobs.delete(jobId);
    this.#jobs.set(jobId, { result, until: this.#clock.monotonic() + left });
  }

  #forget(): void {
    const now = this.#clock.monotonic();
    for (const [id, { until }] of this.#jobs) {
      if (until > now && this.#jobs.size <= this.#settings.capacity) return;
      this.#jobs.delete(id);
      this.#store
        .remove(id)
        .catch((error: unknown) => this.#log("warn", `job ${id} can't be forgotten`, error));
    }
  }
}
