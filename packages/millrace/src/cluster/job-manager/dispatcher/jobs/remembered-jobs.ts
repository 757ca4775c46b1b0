import type { Clock } from "../../../../common/clock/clock.ts";
import type { JobId } from "../../../../common/ids/ids.ts";
import type { JobView } from "../../../../protocol/cluster/job-view.ts";

/** How many jobs are remembered, and how long in ms. */
export interface RememberingSettings {
  readonly capacity: number;
  readonly expiration: number;
}

/** Jobs that have ended, as they were at their end. */
export class RememberedJobs {
  readonly #clock: Clock;
  readonly #settings: RememberingSettings;
  /** In the order of their ends. */
  readonly #jobs = new Map<JobId, { readonly view: JobView; readonly until: number }>();

  constructor(clock: Clock, settings: RememberingSettings) {
    this.#clock = clock;
    this.#settings = settings;
  }

  get all(): readonly JobView[] {
    this.#forget();
    return [...this.#jobs.values()].map(({ view }) => view);
  }

  get(id: JobId): JobView | undefined {
    this.#forget();
    return this.#jobs.get(id)?.view;
  }

  add(view: JobView): void {
    this.#jobs.set(view.jobId, { view, until: this.#clock.monotonic() + this.#settings.expiration });
    this.#forget();
  }

  #forget(): void {
    const now = this.#clock.monotonic();
    for (const [id, { until }] of this.#jobs) {
      if (until > now && this.#jobs.size <= this.#settings.capacity) return;
      this.#jobs.delete(id);
    }
  }
}
