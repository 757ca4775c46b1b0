import type { LocalJob } from "../../cluster/local/local-job.ts";
import type { Clock } from "../../common/clock/clock.ts";
import type { CompletedCheckpoint } from "../../runtime/checkpoint/storage/checkpoint-store.ts";
import { jobTotals } from "../progress/job-totals.ts";

/** Between two looks at how far a job has come, ms; and how many there are at most. */
const LOOK = 50;
const LOOKS = 20;

/** One of the jobs of a session. */
export class DevJob {
  readonly job: LocalJob;
  /** Of its bundle: equal for equal programs. */
  readonly hash: string;
  readonly #clock: Clock;

  constructor(job: LocalJob, hash: string, clock: Clock) {
    this.job = job;
    this.hash = hash;
    this.#clock = clock;
  }

  /** Settles when the job has passed on what it was given, as far as that can be seen from outside; soon in any case. */
  async settled(): Promise<void> {
    let before = -1;
    for (let look = 0; look < LOOKS; look++) {
      const now = jobTotals(this.job.jobGraph, await this.job.metrics()).recordsIn;
      if (now === before) return;
      before = now;
      await new Promise<void>((resolve) => this.#clock.schedule(LOOK, resolve));
    }
  }

  /**
   * Stops it; settles when it has ended. `failure`: why not all of its last output is committed.
   *
   * @throws as LocalJob.stopInMemory: it then goes on, or has ended by itself
   */
  async stopWithSavepoint(): Promise<{
    readonly savepoint: CompletedCheckpoint;
    readonly failure: Error | undefined;
  }> {
    const savepoint = await this.job.stopInMemory();
    const { error } = await this.job.done;
    return { savepoint, failure: error };
  }

  async cancel(): Promise<void> {
    this.job.cancel();
    await this.job.done;
  }
}
