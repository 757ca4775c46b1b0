import type { StatsSummary } from "../../../../protocol/rest/schema-parts.ts";

/** Smallest, largest, mean and percentiles of what was measured. Of nothing, zeros and "NaN", as Flink says it. */
export function statsSummary(values: readonly number[]): StatsSummary {
  const sorted = [...values].sort((a, b) => a - b);
  const percentile = (share: number): number | "NaN" =>
    sorted.length === 0 ? "NaN" : quantile(sorted, share);
  return {
    min: whole(sorted[0] ?? 0),
    max: whole(sorted.at(-1) ?? 0),
    avg: whole(mean(sorted)),
    p50: percentile(0.5),
    p90: percentile(0.9),
    p95: percentile(0.95),
    p99: percentile(0.99),
    p999: percentile(0.999),
  };
}

/** Statistics of a metric over subtasks. */
export interface MetricStatistics {
  min: number;
  max: number;
  avg: number;
  sum: number;
  median: number;
  p25: number;
  p75: number;
  p95: number;
}

export function metricStatistics(values: readonly number[]): MetricStatistics {
  const sorted = [...values].sort((a, b) => a - b);
  return {
    min: whole(sorted[0] ?? 0),
    max: whole(sorted.at(-1) ?? 0),
    avg: whole(mean(sorted)),
    sum: whole(sorted.reduce((sum, value) => sum + value, 0)),
    median: whole(quantile(sorted, 0.5)),
    p25: whole(quantile(sorted, 0.25)),
    p75: whole(quantile(sorted, 0.75)),
    p95: whole(quantile(sorted, 0.95)),
  };
}

export const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;

/** The nearest rank of sorted values; 0 of none. */
const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;

/** Times and sizes are whole in answers. What is no number counts as nothing. */
export const whole = (value: number): number => (Number.isFinite(value) ? Math.round(value) : 0);
