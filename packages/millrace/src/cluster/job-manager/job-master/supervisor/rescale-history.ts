import type { Clock } from "../../../../common/clock/clock.ts";
import type { RescaleView } from "../../../../protocol/cluster/job-view.ts";
import type { Parallelisms } from "./decide-parallelism.ts";

/** How many are remembered. */
const REMEMBERED = 16;

/** The changes of parallelism of a job while it ran, one at a time. The newest first; bounded. */
export class RescaleHistory {
  readonly #clock: Clock;
  #all: readonly RescaleView[] = [];
  #number = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get all(): readonly RescaleView[] {
    return this.#all;
  }

  /** One begins; the one before has ended, or fails now. */
  began(trigger: RescaleView["trigger"]): void {
    this.failed("another rescaling followed");
    const view: RescaleView = {
      // 32 hex digits, which clients expect of ids.
      id: (++this.#number).toString(16).padStart(32, "0"),
      startedAt: this.#clock.now(),
      endedAt: undefined,
      status: "IN_PROGRESS",
      trigger,
      parallelism: {},
      failure: undefined,
      unmet: undefined,
    };
    this.#all = [view, ...this.#all].slice(0, REMEMBERED);
  }

  /** What it leads to is known. @param unmet why not everything that was asked for; undefined: it is all */
  planned(from: Parallelisms, to: Parallelisms, unmet: string | undefined): void {
    const parallelism = Object.fromEntries(
      Object.keys(to)
        .filter((id) => from[id] !== to[id])
        .map((id) => [id, { from: from[id] ?? 0, to: to[id] ?? 0 }]),
    );
    this.#change({ parallelism, unmet });
  }

  /** Its tasks run. */
  completed(): void {
    this.#change({ status: "COMPLETED", endedAt: this.#clock.now() });
  }

  failed(failure: string): void {
    this.#change({ status: "FAILED", endedAt: this.#clock.now(), failure });
  }

  #change(change: Partial<RescaleView>): void {
    this.#all = this.#all.map((view) => (view.status === "IN_PROGRESS" ? { ...view, ...change } : view));
  }
}
