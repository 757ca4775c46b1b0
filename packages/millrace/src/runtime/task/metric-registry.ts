import type { Counter, Gauge, Histogram, Meter, MetricGroup } from "../../common/metrics/metrics.ts";

/** How many of the latest values a histogram keeps. */
const RESERVOIR = 512;

/** The metrics that user functions of one task registered; read outside the hot path. */
export class MetricRegistry {
  readonly #read = new Map<string, () => number | string | boolean>();
  readonly #metrics = new Map<string, unknown>();

  /** The group of an operator, by its name. */
  group(path: string): MetricGroup {
    const at = (name: string): string => `${path}.${name}`;
    return {
      counter: (name) =>
        this.#once(at(name), () => {
          const counter = new SimpleCounter();
          this.#read.set(at(name), () => counter.count);
          return counter;
        }),
      meter: (name) =>
        this.#once(at(name), () => {
          const meter = new SimpleMeter();
          this.#read.set(at(name), () => meter.count);
          return meter;
        }),
      histogram: (name) =>
        this.#once(at(name), () => {
          const histogram = new RecentHistogram();
          this.#read.set(`${at(name)}.count`, () => histogram.count);
          for (const quantile of [0.5, 0.95, 0.99]) {
            this.#read.set(`${at(name)}.p${quantile * 100}`, () => histogram.quantile(quantile));
          }
          return histogram;
        }),
      gauge: (name: string, read: Gauge) => {
        this.#read.set(at(name), read);
      },
      group: (name) => this.group(at(name)),
    };
  }

  /** All values now. A gauge that throws is left out. */
  values(): Record<string, number | string | boolean> {
    const values: Record<string, number | string | boolean> = {};
    for (const [name, read] of this.#read) {
      try {
        values[name] = read();
      } catch {
        // A user's gauge; its failure must not take the task with it.
      }
    }
    return values;
  }

  #once<T>(name: string, make: () => T): T {
    const known = this.#metrics.get(name);
    if (known !== undefined) return known as T;
    const made = make();
    this.#metrics.set(name, made);
    return made;
  }
}

class SimpleCounter implements Counter {
  count = 0;
  inc(n = 1): void {
    this.count += n;
  }
  dec(n = 1): void {
    this.count -= n;
  }
}

class SimpleMeter implements Meter {
  count = 0;
  mark(n = 1): void {
    this.count += n;
  }
}

/** Quantiles over the latest values. */
class RecentHistogram implements Histogram {
  count = 0;
  readonly #latest = new Float64Array(RESERVOIR);

  update(value: number): void {
    this.#latest[this.count++ % RESERVOIR] = value;
  }

  quantile(q: number): number {
    const kept = this.#latest.slice(0, Math.min(this.count, RESERVOIR)).sort();
    return kept.length === 0 ? 0 : (kept[Math.min(kept.length - 1, Math.floor(q * kept.length))] as number);
  }
}
