import type { MetricValue } from "./metric-value.ts";

/** What a metric is about. */
export type Labels = Readonly<Record<string, string | number>>;

/** Every family at most this many series: more are a mistake of whoever named metrics after keys, and would choke a scraper. */
const MAX_SERIES = 50_000;

/**
 * Collects metrics, and writes them in Prometheus' text format (version 0.0.4), each family once with its type.
 *
 * @example
 * ```ts
 * const text = new PrometheusText();
 * text.add("jobmanager", "numRegisteredTaskManagers", {}, 3);
 * text.toString(); // "# TYPE millrace_jobmanager_numRegisteredTaskManagers gauge\nmillrace_jobmanager_numRegisteredTaskManagers 3\n"
 * ```
 */
export class PrometheusText {
  readonly #families = new Map<string, string[]>();

  /** Adds a sample. Texts are no metrics: they are left out. Yes is 1, no 0. @param scope "taskmanager_job_task" */
  add(scope: string, name: string, labels: Labels, value: MetricValue): void {
    const number = typeof value === "boolean" ? Number(value) : value;
    if (typeof number !== "number") return;
    const family = `millrace_${scope}_${plain(name)}`;
    let samples = this.#families.get(family);
    if (samples === undefined) {
      samples = [];
      this.#families.set(family, samples);
    }
    if (samples.length < MAX_SERIES) samples.push(`${family}${labelText(labels)} ${numberText(number)}`);
  }

  toString(): string {
    return [...this.#families]
      .flatMap(([family, samples]) => [`# TYPE ${family} ${typeOf(family)}`, ...samples])
      .map((line) => `${line}\n`)
      .join("");
  }
}

/** Names may hold only these characters; Flink replaces the others in the same way. */
const plain = (name: string): string => name.replace(/[^a-zA-Z0-9_]/gu, "_");

/** What only grows, until a task starts anew. */
const COUNTER =
  /_(num(Records|Bytes|Buffers|Late|Restarts|RegisteredTimers)\w*(?<!PerSecond)|accumulate\w+|fullRestarts|numberOf(Completed|Failed)Checkpoints|totalNumberOfCheckpoints)$/u;

const typeOf = (family: string): string => (COUNTER.test(family) ? "counter" : "gauge");

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${plain(name)}="${escaped(String(value))}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

const escaped = (text: string): string =>
  text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');

/** Watermarks before the first and after the last stand at the ends of Flink's numbers, as there. */
function numberText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (value === Infinity) return "9.223372036854776e18";
  return value === -Infinity ? "-9.223372036854776e18" : String(value);
}
