import type { Clock } from "../../../../common/clock/clock.ts";
import type { TaskMetrics } from "../../../../runtime/task/task-metrics.ts";

/** How long slots may take to answer a request for metrics, ms. */
const TIMEOUT = 2000;

/** Asks the slots of one attempt for their tasks' metrics, and keeps the last answers. */
export class SlotMetrics {
  /** The last metrics of each task that were seen, by execution. */
  readonly seen = new Map<string, TaskMetrics>();
  readonly #clock: Clock;
  readonly #ask: (request: number) => number;
  readonly #requests = new Map<number, { waiting: number; resolve: () => void }>();
  #next = 1;

  /** @param ask sends the request to all slots that live; answers how many */
  constructor(clock: Clock, ask: (request: number) => number) {
    this.#clock = clock;
    this.#ask = ask;
  }

  /** Asks every slot; those that don't answer in time keep what they said before. */
  async poll(): Promise<void> {
    const request = this.#next++;
    await new Promise<void>((resolve) => {
      const timer = this.#clock.schedule(TIMEOUT, resolve);
      const pending = {
        waiting: 0,
        resolve: () => {
          timer.cancel();
          resolve();
        },
      };
      this.#requests.set(request, pending);
      pending.waiting = this.#ask(request);
      if (pending.waiting === 0) pending.resolve();
    });
    this.#requests.delete(request);
  }

  answered(request: number, tasks: Readonly<Record<string, unknown>>): void {
    for (const [execution, metrics] of Object.entries(tasks))
      this.seen.set(execution, metrics as TaskMetrics);
    this.#answer(request);
  }

  /** A slot is gone and answers nothing any more. */
  lost(): void {
    for (const request of this.#requests.keys()) this.#answer(request);
  }

  #answer(request: number): void {
    const pending = this.#requests.get(request);
    if (pending !== undefined && --pending.waiting <= 0) pending.resolve();
  }
}
