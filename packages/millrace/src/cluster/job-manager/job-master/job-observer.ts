import type { JobStatus } from "../../../graph/execution/job-status.ts";
import type { Execution, ExecutionTable } from "./units/execution-table.ts";
import type { SlotLocation } from "./units/slot-provider.ts";

/** Where something failed: a slot, and the task in it where it was one. */
export interface FailurePlace {
  readonly slot: number;
  readonly execution: Execution | undefined;
}

/** An attempt of a failover unit, as observers see it. */
export interface ObservedAttempt {
  readonly number: number;
  readonly executions: ExecutionTable;
  /** Where one of its slots is; undefined before it is open. */
  location(slot: number): SlotLocation | undefined;
}

/** Follows a job. Called in the turn in which things happen; must not throw, nor call the JobMaster. */
export interface JobObserver {
  status(status: JobStatus): void;
  /** Something failed: a task or slot of an attempt, or the job as a whole. */
  failed(error: Error, attempt: ObservedAttempt | undefined, at: FailurePlace | undefined): void;
  /** The restart strategy has counted a failure, or something is started again after one. */
  counted?(): void;
  /** Some task has come into another state. */
  tasksChanged(): void;
  /** The attempt is followed by another. */
  replaced(attempt: ObservedAttempt): void;
}
