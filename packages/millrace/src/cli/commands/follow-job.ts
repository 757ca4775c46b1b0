import type { LocalJob } from "../../cluster/local/local-job.ts";
import type { Clock, ClockTimer } from "../../common/clock/clock.ts";
import { jobCondition } from "../progress/job-condition.ts";
import { JobProgress } from "../progress/job-progress.ts";
import type { Reporter } from "../report/reporter.ts";

/**
 * Reports a job's progress until `stop` is called, every so often as the reporter wants.
 *
 * @param started when the job was started: monotonic, ms
 */
export function followJob(
  job: LocalJob,
  reporter: Reporter,
  clock: Clock,
  started: number,
): { stop(): void } {
  const { interval } = reporter;
  if (interval === undefined) return { stop() {} };
  const progress = new JobProgress(job.jobGraph, started, clock.monotonic());
  let stopped = false;
  let timer: ClockTimer | undefined;
  const next = (): void => {
    if (!stopped) timer = clock.schedule(interval, () => void report());
  };
  // A slot that is busy answers late: the next round waits for it, so that requests don't pile up.
  const report = async (): Promise<void> => {
    const metrics = await job.metrics();
    if (stopped) return;
    const now = clock.now();
    reporter.progress(progress.take(metrics, clock.monotonic(), now, jobCondition(job, now)));
    next();
  };
  next();
  return {
    stop() {
      stopped = true;
      timer?.cancel();
    },
  };
}
