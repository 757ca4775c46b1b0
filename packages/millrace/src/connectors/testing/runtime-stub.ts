import { jobId, operatorUid } from "../../common/ids/ids.ts";
import type { Clock } from "../../common/clock/clock.ts";
import type { MetricGroup } from "../../common/metrics/metrics.ts";
import type { RuntimeContext } from "../../common/functions/runtime-context.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";

/** Metrics that nobody reads. */
const noMetrics: MetricGroup = {
  counter: () => ({ inc: () => undefined, dec: () => undefined, count: 0 }),
  meter: () => ({ mark: () => undefined, count: 0 }),
  histogram: () => ({ update: () => undefined, count: 0 }),
  gauge: () => undefined,
  group: () => noMetrics,
};

/** A runtime context for connectors on their own, without a task around them. */
export function runtimeStub(
  clock: Clock,
  fields: Partial<Pick<RuntimeContext, "subtaskIndex" | "parallelism" | "jobId" | "attempt">> = {},
): RuntimeContext {
  return {
    jobId: jobId(new Uint8Array(16)),
    jobName: "test",
    operatorName: "connector",
    operatorUid: operatorUid("connector"),
    subtaskIndex: 0,
    parallelism: 1,
    maxParallelism: 128,
    attempt: 0,
    ...fields,
    metrics: noMetrics,
    args: {},
    now: () => clock.now(),
    getState: () => {
      throw new MillraceError("STATE_MISUSE", "a connector has no keyed state");
    },
  };
}
