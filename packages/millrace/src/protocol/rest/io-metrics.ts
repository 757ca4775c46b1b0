import { Type, type Static } from "typebox";
import { Integer, named, nullable } from "./schema-parts.ts";

/** What has gone in and out, and where the time went (ms). `-complete` is false where not every subtask has told. */
export const IoMetrics = named("IoMetrics", {
  "read-bytes": Integer,
  "read-bytes-complete": Type.Boolean(),
  "write-bytes": Integer,
  "write-bytes-complete": Type.Boolean(),
  "read-records": Integer,
  "read-records-complete": Type.Boolean(),
  "write-records": Integer,
  "write-records-complete": Type.Boolean(),
  "accumulated-backpressured-time": Integer,
  "accumulated-idle-time": Integer,
  "accumulated-busy-time": Type.Number(),
});
export type IoMetrics = Static<typeof IoMetrics>;

const Statistics = named("MetricStatistics", {
  min: Integer,
  max: Integer,
  avg: Integer,
  sum: Integer,
  median: Integer,
  p25: Integer,
  p75: Integer,
  p95: Integer,
});

/** The same over all subtasks, with the time they spent in each state. */
export const AggregatedTasks = named("AggregatedTasks", {
  metrics: Type.Record(Type.String(), Statistics),
  "status-duration": Type.Record(Type.String(), Statistics),
});
export type AggregatedTasks = Static<typeof AggregatedTasks>;

/** Accumulators of a user's functions; there are none, registered metrics stand in `/metrics`. */
export const UserAccumulators = Type.Array(
  named("UserAccumulator", {
    name: Type.String(),
    type: Type.String(),
    value: nullable(Type.String()),
  }),
);
