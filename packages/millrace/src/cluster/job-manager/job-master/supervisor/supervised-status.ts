import { JOB_TRANSITIONS } from "../../../../graph/execution/job-status.ts";
import type { JobStatus } from "../../../../graph/execution/job-status.ts";
import { StateMachine } from "../../../../graph/execution/state-machine.ts";

/** What a job that has no generation passes on its way to an end, as one that has. */
const BEFORE: Partial<Record<JobStatus, JobStatus>> = { FAILED: "FAILING", CANCELED: "CANCELLING" };

/**
 * The status of a job over all generations of its JobMaster: each has its own, and this one moves along the same table
 * (`JOB_TRANSITIONS`), whatever happens between two of them.
 */
export class SupervisedStatus {
  readonly #machine: StateMachine<JobStatus>;

  /** @param onChange after each move; must not throw */
  constructor(jobName: string, onChange: (status: JobStatus) => void) {
    this.#machine = new StateMachine(`job "${jobName}"`, JOB_TRANSITIONS, "INITIALIZING", onChange);
  }

  get current(): JobStatus {
    return this.#machine.state;
  }

  /** Moves on; does nothing where it is so already. @throws ILLEGAL_TRANSITION */
  to(status: JobStatus): void {
    const { state } = this.#machine;
    if (status === state) return;
    // What has not run yet is not started again: it is only planned anew.
    if (status === "RESTARTING" && state === "CREATED") return;
    const before = BEFORE[status];
    if (before !== undefined && !this.#machine.can(status) && this.#machine.can(before))
      this.#machine.to(before);
    this.#machine.to(status);
  }
}
