import type { Clock } from "../../../../common/clock/clock.ts";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { FromJobMaster, JobMasterTask } from "../../../../protocol/cluster/job-master-messages.ts";
import type { JobSubmission } from "../../../../protocol/cluster/job-submission.ts";
import { fromEnvelope } from "../../../../protocol/control/error-envelope.ts";
import type { JobDescription } from "./job-descriptions.ts";
import { notBuilt, threadHelp } from "./job-host.ts";
import type { JobThread } from "./job-thread.ts";

/** Patience with a job's own code. */
interface Patience {
  readonly clock: Clock;
  /** ms */
  readonly timeout: number;
}

/**
 * Builds a job in a thread of its own, which ends with it, and answers its plan.
 *
 * @throws as the builder; JOB_MODULE_INVALID when it takes too long or ends its thread
 */
export function planJob(
  thread: JobThread,
  submission: JobSubmission,
  artifactUrl: string,
  patience: Patience,
): Promise<unknown> {
  return answerOf(thread, { kind: "plan", submission, artifactUrl }, patience, (message) =>
    message.type === "built" ? { answer: message.plan } : undefined,
  );
}

/**
 * Loads a job's module in a thread of its own, which ends with it, and answers what it says of itself.
 *
 * @throws as the module; JOB_MODULE_INVALID when it takes too long or ends its thread
 */
export function describeJob(
  thread: JobThread,
  submission: JobSubmission,
  artifactUrl: string,
  patience: Patience,
): Promise<JobDescription> {
  return answerOf(thread, { kind: "describe", submission, artifactUrl }, patience, (message) =>
    message.type === "described"
      ? { answer: { jobName: message.jobName, description: message.description } }
      : undefined,
  );
}

async function answerOf<T>(
  thread: JobThread,
  task: JobMasterTask,
  { clock, timeout }: Patience,
  take: (message: FromJobMaster) => { readonly answer: T } | undefined,
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const timer = clock.schedule(timeout, () =>
    reject(notBuilt(`did not come to an end within ${timeout} ms`)),
  );
  thread.onMessage = (message) => {
    try {
      const taken = take(message);
      if (taken !== undefined) resolve(taken.answer);
      if (message.type === "unbuilt") reject(fromEnvelope(message.error));
    } catch (error) {
      reject(error);
    }
  };
  thread.onExit = (cause) =>
    reject(
      new MillraceError(
        "JOB_MODULE_INVALID",
        `the thread that built the job has ended: ${cause?.message ?? "it has stopped by itself"}`,
        { cause, help: threadHelp },
      ),
    );
  thread.send({ type: "task", task });
  try {
    return await promise;
  } finally {
    timer.cancel();
    await thread.end();
  }
}
