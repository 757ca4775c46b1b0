import type { Clock } from "../../../../common/clock/clock.ts";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { JobSubmission } from "../../../../protocol/cluster/job-submission.ts";
import { fromEnvelope } from "../../../../protocol/control/error-envelope.ts";
import { notBuilt } from "./job-host.ts";
import type { JobThread } from "./job-thread.ts";

/**
 * Builds a job in a thread of its own, which ends with it, and answers its plan.
 *
 * @param timeout ms
 * @throws as the builder; JOB_MODULE_INVALID when it takes too long or ends its thread
 */
export async function planJob(
  thread: JobThread,
  submission: JobSubmission,
  artifactUrl: string,
  { clock, timeout }: { readonly clock: Clock; readonly timeout: number },
): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const timer = clock.schedule(timeout, () =>
    reject(notBuilt(`did not come to an end within ${timeout} ms`)),
  );
  thread.onMessage = (message) => {
    try {
      if (message.type === "built") resolve(message.plan);
      if (message.type === "unbuilt") reject(fromEnvelope(message.error));
    } catch (error) {
      reject(error);
    }
  };
  thread.onExit = (cause) =>
    reject(
      new MillraceError(
        "JOB_MODULE_INVALID",
        `the job's module ended its thread: ${cause?.message ?? "process.exit"}`,
        {
          cause,
        },
      ),
    );
  thread.send({ type: "task", task: { kind: "plan", submission, artifactUrl } });
  try {
    return await promise;
  } finally {
    timer.cancel();
    await thread.end();
  }
}
