import type { ExceptionView } from "./job-view.ts";

/** What a restart strategy remembers of failures. Times in ms since the epoch, so that any process can go on counting. */
export interface CountedFailures {
  /** Restarts since delays began anew. */
  readonly attempts: number;
  /** The delay before the last restart, without jitter, in ms; undefined before the first. */
  readonly delay: number | undefined;
  /** When the failures that still count happened, oldest first. */
  readonly failures: readonly number[];
}

/** What a job has been through, as its JobMaster tells of it. Bounded, whatever happens. */
export interface JobMishaps {
  /** How often the job, or a part of it, was started again. */
  readonly restarts: number;
  readonly failures: CountedFailures;
  /** The newest first. */
  readonly exceptions: readonly ExceptionView[];
}

/**
 * What a job has been through, as it is handed to whoever goes on with it: another thread of the same JobManager, or the next JobManager. Without
 * it a job that always ends its thread would begin to count anew each time, and go on for ever.
 */
export interface JobHistory extends JobMishaps {
  /** Above all attempts that were ever given slots. */
  readonly nextAttempt: number;
}

/** Of a job that has just been submitted. */
export const NO_HISTORY: JobHistory = Object.freeze({
  restarts: 0,
  failures: Object.freeze({ attempts: 0, delay: undefined, failures: [] }),
  exceptions: [],
  nextAttempt: 0,
});
