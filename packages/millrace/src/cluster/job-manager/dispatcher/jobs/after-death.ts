import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { JobHistory } from "../../../../protocol/cluster/job-history.ts";
import type { JobSubmission, LastCommit, SettledJob } from "../../../../protocol/cluster/job-submission.ts";
import { toEnvelope } from "../../../../protocol/control/error-envelope.ts";
import { hopelessCause } from "../../job-master/restart/hopeless.ts";
import { restartStrategy } from "../../job-master/restart/restart-settings.ts";
import { decideRestart } from "../../job-master/restart/restart-strategy.ts";
import { endedCommitting } from "./ended-committing.ts";
import { exceptionOf } from "./job-views.ts";

/** Exceptions of a job that are handed on. */
const MAX_EXCEPTIONS = 16;

/** A job whose thread is gone, or of no use any more. */
export interface ThreadlessJob {
  readonly submission: JobSubmission;
  readonly settled: SettledJob;
  readonly history: JobHistory;
  /** What its sinks were about to commit, as its thread has told. */
  readonly committing: LastCommit | undefined;
}

/** What becomes of it. */
export type AfterDeath =
  /** Another thread goes on with it in `delay` ms. */
  | { readonly kind: "again"; readonly delay: number; readonly history: JobHistory }
  /** It has failed. `kept`: its checkpoints are left as they are, so that it can be started from them. */
  | { readonly kind: "failed"; readonly error: MillraceError; readonly kept: boolean };

/**
 * Decides about a job whose thread has died, by its restart strategy, which counts this like any other failure. Pure.
 *
 * @param death why it died, or could not begin
 * @param now ms since the epoch; @param chance uniform in [0, 1)
 */
export function decideAfterDeath(
  job: ThreadlessJob,
  death: MillraceError,
  now: number,
  chance: number,
): AfterDeath {
  const { submission, settled, history, committing } = job;
  if (committing !== undefined) {
    const error = endedCommitting(
      { submission, settled, committing },
      `the thread of its JobMaster ended (${death.message})`,
    );
    return { kind: "failed", error, kept: false };
  }
  const strategy = restartStrategy(settled.config);
  // Whoever wants no restarts needs no reason; nor does what no restart can mend.
  if (strategy.kind === "none" || hopelessCause(death) !== undefined)
    return { kind: "failed", error: death, kept: true };
  const decision = decideRestart(strategy, history.failures, now, chance);
  if (decision.kind === "fail") {
    const error = new MillraceError(
      death.code,
      `${death.message}. The job is not started again: ${decision.reason}`,
      { cause: death, ...(death.help === undefined ? {} : { help: death.help }) },
    );
    return { kind: "failed", error, kept: true };
  }
  return {
    kind: "again",
    delay: decision.delay,
    history: {
      ...history,
      restarts: history.restarts + 1,
      failures: decision.history,
      exceptions: [exceptionOf(toEnvelope(death), now), ...history.exceptions].slice(0, MAX_EXCEPTIONS),
    },
  };
}
