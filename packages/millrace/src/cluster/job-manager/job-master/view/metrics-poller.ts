import type { Clock, ClockTimer } from "../../../../common/clock/clock.ts";
import type { TaskMetrics } from "../../../../runtime/task/task-metrics.ts";
import { MetricRates } from "./metric-rates.ts";

/** Between two polls at least, and between two polls when nobody asks, ms. */
const SOONEST = 1000;
const REGULAR = 5000;

/** Polls a job's tasks for their metrics: now and then, and sooner when somebody looks, who never waits for the answer. */
export class MetricsPoller {
  readonly rates = new MetricRates();
  readonly #clock: Clock;
  readonly #read: () => Promise<ReadonlyMap<string, TaskMetrics>>;
  #timer: ClockTimer | undefined;
  #polling = false;
  #polledAt = -Infinity;
  #closed = false;

  /** @param read never rejects */
  constructor(clock: Clock, read: () => Promise<ReadonlyMap<string, TaskMetrics>>) {
    this.#clock = clock;
    this.#read = read;
  }

  /** Somebody looks: the next answer may be newer. Also begins the regular polls. */
  wanted(): void {
    if (!this.#closed && this.#clock.monotonic() - this.#polledAt >= SOONEST) void this.#poll();
  }

  /** Takes what is known at the end; polls no more. */
  close(last: ReadonlyMap<string, TaskMetrics>): void {
    this.#closed = true;
    this.#timer?.cancel();
    if (last.size > 0) this.rates.polled(last, this.#clock.monotonic());
  }

  async #poll(): Promise<void> {
    if (this.#polling) return;
    this.#polling = true;
    this.#timer?.cancel();
    this.#polledAt = this.#clock.monotonic();
    const all = await this.#read();
    this.#polling = false;
    if (this.#closed) return;
    this.rates.polled(all, this.#clock.monotonic());
    this.#timer = this.#clock.schedule(REGULAR, () => void this.#poll());
  }
}
