import { Type, type Static } from "typebox";
import { Integer, named, nullable, StatsSummary, words } from "./schema-parts.ts";

/** `GET /jobs/:id/rescales/details/:rescale`. Times and durations in ms, null where it is underway. */
export const RescaleDetails = named("RescaleDetails", {
  rescaleUuid: Type.String(),
  resourceRequirementsUuid: Type.String(),
  rescaleAttemptId: Integer,
  vertices: Type.Record(
    Type.String(),
    named("RescaledVertex", {
      jobVertexId: Type.String(),
      jobVertexName: Type.String(),
      slotSharingGroupId: Type.String(),
      slotSharingGroupName: Type.String(),
      preRescaleParallelism: Integer,
      desiredParallelism: Integer,
      sufficientParallelism: Integer,
      postRescaleParallelism: nullable(Integer),
    }),
  ),
  slots: Type.Record(Type.String(), Type.Unknown()),
  schedulerStates: Type.Array(
    named("SchedulerState", {
      state: Type.String(),
      enterTimestampInMillis: Integer,
      leaveTimestampInMillis: nullable(Integer),
      durationInMillis: nullable(Integer),
      stringifiedException: nullable(Type.String()),
    }),
  ),
  unmet: nullable(Type.String({ description: "why not every vertex came to what it may have at most" })),
  startTimestampInMillis: Integer,
  endTimestampInMillis: nullable(Integer),
  terminalState: nullable(words(["COMPLETED", "FAILED", "IGNORED"])),
  triggerCause: words([
    "INITIAL_SCHEDULE",
    "UPDATE_REQUIREMENT",
    "NEW_RESOURCE_AVAILABLE",
    "RECOVERABLE_FAILOVER",
  ]),
  terminatedReason: nullable(words(["SUCCEEDED", "EXCEPTION_OCCURRED"])),
});
export type RescaleDetails = Static<typeof RescaleDetails>;

/** `GET /jobs/:id/rescales/history`. The newest first. */
export const RescaleHistory = Type.Array(RescaleDetails);
export type RescaleHistory = Static<typeof RescaleHistory>;

const RescaleCounts = named("RescaleCounts", {
  ignored: Integer,
  inProgress: Integer,
  completed: Integer,
  failed: Integer,
});

/** `GET /jobs/:id/rescales/overview`. */
export const RescalesOverview = named("RescalesOverview", {
  rescalesCounts: RescaleCounts,
  latest: named("LatestRescales", {
    completed: nullable(RescaleDetails),
    failed: nullable(RescaleDetails),
    ignored: nullable(RescaleDetails),
  }),
});
export type RescalesOverview = Static<typeof RescalesOverview>;

/** `GET /jobs/:id/rescales/summary`. */
export const RescalesSummary = named("RescalesSummary", {
  rescalesCounts: RescaleCounts,
  rescalesDurationStatsInMillis: StatsSummary,
  completedRescalesDurationStatsInMillis: StatsSummary,
  ignoredRescalesDurationStatsInMillis: StatsSummary,
  failedRescalesDurationStatsInMillis: StatsSummary,
});
export type RescalesSummary = Static<typeof RescalesSummary>;
