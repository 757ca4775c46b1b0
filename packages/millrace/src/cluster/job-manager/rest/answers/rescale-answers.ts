import type { JobView, RescaleView } from "../../../../protocol/cluster/job-view.ts";
import type {
  RescaleDetails,
  RescalesOverview,
  RescalesSummary,
} from "../../../../protocol/rest/rescales.ts";
import { slotSharingGroupId } from "./plan.ts";
import { statsSummary } from "./statistics.ts";

const CAUSE = {
  request: "UPDATE_REQUIREMENT",
  "new resources": "NEW_RESOURCE_AVAILABLE",
  "lost resources": "RECOVERABLE_FAILOVER",
} as const;

const REASON = { COMPLETED: "SUCCEEDED", FAILED: "EXCEPTION_OCCURRED" } as const;

/** One change of parallelism. */
export function rescaleDetails(
  { vertices, rescales, requirements }: JobView,
  rescale: RescaleView,
): RescaleDetails {
  const { id, startedAt, endedAt, status, trigger, parallelism, failure, unmet } = rescale;
  const over = status === "IN_PROGRESS" ? null : status;
  return {
    rescaleUuid: id,
    resourceRequirementsUuid: id,
    // The newest come first, the oldest has number 1.
    rescaleAttemptId: rescales.length - rescales.indexOf(rescale),
    vertices: Object.fromEntries(
      Object.entries(parallelism).map(([vertexId, { from, to }]) => {
        const vertex = vertices.find((each) => each.id === vertexId);
        const group = vertex?.slotSharingGroup ?? "default";
        return [
          vertexId,
          {
            jobVertexId: vertexId,
            jobVertexName: vertex?.name ?? vertexId,
            slotSharingGroupId: slotSharingGroupId(group),
            slotSharingGroupName: group,
            preRescaleParallelism: from,
            desiredParallelism: requirements[vertexId]?.upper ?? to,
            sufficientParallelism: to,
            postRescaleParallelism: over === null ? null : over === "COMPLETED" ? to : from,
          },
        ];
      }),
    ),
    slots: {},
    schedulerStates: [
      {
        state: over === "FAILED" ? "Failed" : "Restarting",
        enterTimestampInMillis: startedAt,
        leaveTimestampInMillis: endedAt ?? null,
        durationInMillis: endedAt === undefined ? null : Math.max(0, endedAt - startedAt),
        stringifiedException: failure ?? null,
      },
    ],
    unmet: unmet ?? null,
    startTimestampInMillis: startedAt,
    endTimestampInMillis: endedAt ?? null,
    terminalState: over,
    triggerCause: CAUSE[trigger],
    terminatedReason: over === null ? null : REASON[over],
  };
}

const counts = ({ rescales }: JobView): RescalesOverview["rescalesCounts"] => {
  const count = (status: RescaleView["status"]): number =>
    rescales.filter((each) => each.status === status).length;
  return {
    ignored: 0,
    inProgress: count("IN_PROGRESS"),
    completed: count("COMPLETED"),
    failed: count("FAILED"),
  };
};

/** How many there were, and the last of each kind. */
export function rescalesOverview(job: JobView): RescalesOverview {
  const latest = (status: RescaleView["status"]): RescaleDetails | null => {
    const found = job.rescales.find((each) => each.status === status);
    return found === undefined ? null : rescaleDetails(job, found);
  };
  return {
    rescalesCounts: counts(job),
    latest: { completed: latest("COMPLETED"), failed: latest("FAILED"), ignored: null },
  };
}

/** How long they took. */
export function rescalesSummary(job: JobView): RescalesSummary {
  const durations = (statuses: readonly RescaleView["status"][]) =>
    statsSummary(
      job.rescales.flatMap(({ status, startedAt, endedAt }) =>
        statuses.includes(status) && endedAt !== undefined ? [endedAt - startedAt] : [],
      ),
    );
  return {
    rescalesCounts: counts(job),
    rescalesDurationStatsInMillis: durations(["COMPLETED", "FAILED"]),
    completedRescalesDurationStatsInMillis: durations(["COMPLETED"]),
    ignoredRescalesDurationStatsInMillis: durations([]),
    failedRescalesDurationStatsInMillis: durations(["FAILED"]),
  };
}
