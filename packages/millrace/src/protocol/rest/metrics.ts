import { Type, type Static } from "typebox";
import { named } from "./schema-parts.ts";

/** Metrics: their names alone, or with values (as text) where the query says `get=<name>,<name>`. */
export const Metrics = Type.Array(
  named("Metric", { id: Type.String(), value: Type.Optional(Type.String()) }),
);
export type Metrics = Static<typeof Metrics>;

/** Metrics over several jobs, TaskManagers or subtasks: names alone, or with the aggregates that `agg` asks for. */
export const AggregatedMetrics = Type.Array(
  named("AggregatedMetric", {
    id: Type.String(),
    min: Type.Optional(Type.Number()),
    max: Type.Optional(Type.Number()),
    avg: Type.Optional(Type.Number()),
    sum: Type.Optional(Type.Number()),
    skew: Type.Optional(
      Type.Number({
        description: "mean absolute deviation from the mean, in percent of the mean, at most 100",
      }),
    ),
  }),
);
export type AggregatedMetrics = Static<typeof AggregatedMetrics>;
