import type { AttemptView } from "../../../../protocol/cluster/job-view.ts";
import type { AggregatedTasks, IoMetrics } from "../../../../protocol/rest/io-metrics.ts";
import { metricStatistics, whole } from "./statistics.ts";
import { stateDurations } from "./times.ts";

/** What has gone in and out of these attempts together. */
export function ioMetrics(attempts: readonly AttemptView[]): IoMetrics {
  const sum = (name: string): number =>
    attempts.reduce((total, { metrics }) => total + numberOf(metrics[name]), 0);
  const complete = (name: string): boolean => attempts.every(({ metrics }) => metrics[name] !== undefined);
  return {
    "read-bytes": whole(sum("numBytesIn")),
    "read-bytes-complete": complete("numBytesIn"),
    "write-bytes": whole(sum("numBytesOut")),
    "write-bytes-complete": complete("numBytesOut"),
    "read-records": whole(sum("numRecordsIn")),
    "read-records-complete": complete("numRecordsIn"),
    "write-records": whole(sum("numRecordsOut")),
    "write-records-complete": complete("numRecordsOut"),
    "accumulated-backpressured-time": whole(sum("accumulateBackPressuredTimeMs")),
    "accumulated-idle-time": whole(sum("accumulateIdleTimeMs")),
    "accumulated-busy-time": whole(sum("accumulateBusyTimeMs")),
  };
}

const AGGREGATED = [
  "read-bytes",
  "write-bytes",
  "read-records",
  "write-records",
  "accumulated-backpressured-time",
  "accumulated-idle-time",
  "accumulated-busy-time",
] as const;

/** How these attempts differ. */
export function aggregatedTasks(attempts: readonly AttemptView[], now: number): AggregatedTasks {
  const metrics = attempts.map((attempt) => ioMetrics([attempt]));
  const durations = attempts.map((attempt) => stateDurations(attempt, now));
  return {
    metrics: Object.fromEntries(
      AGGREGATED.map((name) => [name, metricStatistics(metrics.map((each) => each[name]))]),
    ),
    "status-duration": Object.fromEntries(
      Object.keys(durations[0] ?? {}).map((state) => [
        state,
        metricStatistics(durations.map((each) => each[state] ?? 0)),
      ]),
    ),
  };
}

/** A metric as a number; 0 for what is none. */
export const numberOf = (value: number | string | boolean | undefined): number =>
  typeof value === "number" && Number.isFinite(value) ? value : 0;
