import type { AggregatedMetrics, Metrics } from "../../../../protocol/rest/metrics.ts";
import { mean } from "../answers/statistics.ts";
import { metricText, type MetricValues } from "./metric-value.ts";

/** What can be computed over several things. */
export const AGGREGATIONS = ["min", "max", "avg", "sum", "skew"] as const;
export type Aggregation = (typeof AGGREGATIONS)[number];

/** The names of all metrics, or those that are asked for with their values; what there is none of is left out. */
export function selectMetrics(values: MetricValues, get: readonly string[] | undefined): Metrics {
  if (get === undefined) return Object.keys(values).map((id) => ({ id }));
  return [...new Set(get)].flatMap((id) => {
    const value = Object.hasOwn(values, id) ? values[id] : undefined;
    return value === undefined ? [] : [{ id, value: metricText(value) }];
  });
}

/** The same over several things: numbers only. @param aggregations all where none are named */
export function aggregateMetrics(
  each: readonly MetricValues[],
  get: readonly string[] | undefined,
  aggregations: readonly Aggregation[] | undefined,
): AggregatedMetrics {
  if (get === undefined) {
    const names = new Set(each.flatMap((values) => Object.keys(values)));
    return [...names].map((id) => ({ id }));
  }
  const wanted = aggregations ?? AGGREGATIONS;
  return [...new Set(get)].flatMap((id) => {
    const numbers = each.flatMap((values) => {
      const value = Object.hasOwn(values, id) ? values[id] : undefined;
      return typeof value === "number" && Number.isFinite(value) ? [value] : [];
    });
    if (numbers.length === 0) return [];
    return [{ id, ...Object.fromEntries(wanted.map((name) => [name, COMPUTE[name](numbers)])) }];
  });
}

const COMPUTE: Readonly<Record<Aggregation, (values: readonly number[]) => number>> = {
  min: (values) => Math.min(...values),
  max: (values) => Math.max(...values),
  avg: mean,
  sum: (values) => values.reduce((sum, value) => sum + value, 0),
  skew: (values) => {
    const average = mean(values);
    if (average === 0) return 0;
    const deviation = mean(values.map((value) => Math.abs(value - average)));
    return Math.min(100, Math.abs((deviation / average) * 100));
  },
};
