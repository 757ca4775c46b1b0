/** What a metric may be. */
export type MetricValue = number | string | boolean;

/** Metrics of one thing by name. */
export type MetricValues = Readonly<Record<string, MetricValue>>;

/** Watermarks before the first, and at the end of all time, as Flink writes them. */
const MIN_LONG = "-9223372036854775808";
const MAX_LONG = "9223372036854775807";

/** A metric as text. */
export function metricText(value: MetricValue): string {
  if (value === Infinity) return MAX_LONG;
  return value === -Infinity ? MIN_LONG : String(value);
}
