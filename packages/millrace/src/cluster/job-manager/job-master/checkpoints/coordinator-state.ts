import type { ExecutionId } from "../../../../common/ids/ids.ts";
import type { MillraceError } from "../../../../common/errors/millrace-error.ts";

/*
 * What the checkpoint coordinator knows, what happens to it, and what it wants done: plain data. `decide` turns the first two into the
 * last; the driver does it. Times are monotonic, ms.
 */

/** "stop" ends the job after its snapshot, without finishing anything; "drain" ends the sources before it. */
export type SnapshotKind = "checkpoint" | "savepoint" | "stop" | "drain";

/** Somebody waits for a snapshot that hasn't begun. */
export interface SnapshotRequest {
  readonly request: number;
  readonly kind: SnapshotKind;
  readonly deadline: number;
}

/** A checkpoint or savepoint underway. */
export interface PendingSnapshot {
  readonly id: number;
  readonly kind: SnapshotKind;
  /** Who asked for it; undefined: the interval, or the end of data. */
  readonly request: number | undefined;
  readonly deadline: number;
  /**
   * preparing: its place is made, enumerators are snapshotted, triggers sent. acknowledging: tasks write. ready: all have, and an earlier one is
   * being recorded. recording: `_metadata` is being written.
   */
  readonly phase: "preparing" | "acknowledging" | "ready" | "recording";
  /** Who hasn't acknowledged. */
  readonly waiting: ReadonlySet<ExecutionId>;
  /** It was given up while it was being recorded, which can't be stopped: what becomes of it is removed. */
  readonly givenUp: boolean;
}

/**
 * How the job's tasks are, taken together. waiting: some are not running yet, or can't take part. atEnd: all that live have reached the
 * end of their data. gone: none lives.
 */
export type TasksPhase = "waiting" | "running" | "atEnd" | "gone";

/** All that the coordinator knows. */
export interface CoordinatorState {
  readonly tasks: TasksPhase;
  /** In the order of their ids. */
  readonly pending: readonly PendingSnapshot[];
  /** In the order in which they came. */
  readonly requests: readonly SnapshotRequest[];
  readonly nextId: number;
  /** When the interval is over; undefined where there is none, or while tasks wait. */
  readonly periodicAt: number | undefined;
  /** Whether a checkpoint is due because all data has ended. */
  readonly endDue: boolean;
  /** When the last checkpoint ended, in whatever way. */
  readonly endedAt: number;
  /** Checkpoints that failed one after the other. */
  readonly failures: number;
  /** Whether the job has been stopped with a savepoint, or is over: nothing begins any more. */
  readonly closed: boolean;
}

/** Before anything has happened. @param lastId of the checkpoint that the job was restored from, else 0 */
export const initialState = (lastId: number): CoordinatorState => ({
  tasks: "waiting",
  pending: [],
  requests: [],
  nextId: lastId + 1,
  periodicAt: undefined,
  endDue: false,
  endedAt: -Infinity,
  failures: 0,
  closed: false,
});

/** What happens. */
export type CoordinatorEvent =
  /** Time has passed. */
  | { readonly type: "tick" }
  /** Tasks have changed their states. */
  | { readonly type: "tasks"; readonly tasks: TasksPhase }
  | { readonly type: "requested"; readonly request: number; readonly kind: SnapshotKind }
  /** The triggers are out; these executions are to acknowledge. */
  | { readonly type: "triggered"; readonly id: number; readonly waiting: ReadonlySet<ExecutionId> }
  | { readonly type: "acknowledged"; readonly id: number; readonly execution: ExecutionId }
  /** It can't be prepared, a task can't take part, or its state can't be written. */
  | { readonly type: "declined"; readonly id: number; readonly error: MillraceError }
  /** `tasksEnd`: it is the one that some tasks were waiting for to end. */
  | { readonly type: "recorded"; readonly id: number; readonly tasksEnd: boolean }
  | { readonly type: "recordFailed"; readonly id: number; readonly error: MillraceError }
  /** Tasks failed: what still needed them can't be completed. */
  | { readonly type: "tasksLost"; readonly error: MillraceError }
  /** A task ended by itself: what waits for it will not get it. */
  | { readonly type: "taskEnded"; readonly execution: ExecutionId }
  /** The job ends: nothing begins any more. */
  | { readonly type: "jobOver"; readonly error: MillraceError };

/** What is to be done, in order. */
export type CoordinatorAction =
  /** Make its place, snapshot the enumerators, send the triggers; answer with `triggered` or `declined`. */
  | {
      readonly type: "begin";
      readonly id: number;
      readonly kind: SnapshotKind;
      readonly request: number | undefined;
    }
  /** Write `_metadata`; answer with `recorded` or `recordFailed`. One at a time. */
  | { readonly type: "record"; readonly id: number }
  /** It is complete: tell the tasks (but of a savepoint in the middle), and retire older ones. */
  | { readonly type: "complete"; readonly id: number; readonly kind: SnapshotKind }
  /**
   * It is given up: tell the tasks, remove what they wrote. It counts only where it `failed`: not where a later one made it needless, nor where
   * the job has ended before it.
   */
  | {
      readonly type: "abort";
      readonly id: number;
      readonly kind: SnapshotKind;
      /** Whether somebody asked for it, who hears of the error by `refuse`. */
      readonly asked: boolean;
      readonly error: MillraceError;
      readonly outcome: "failed" | "needless" | "jobOver";
    }
  /** It was given up, and recorded all the same: remove it. */
  | { readonly type: "discard"; readonly id: number }
  /** The request is answered by this checkpoint. */
  | { readonly type: "answer"; readonly request: number; readonly id: number }
  | { readonly type: "refuse"; readonly request: number; readonly error: MillraceError }
  /** Sources have ended for a savepoint that failed: the job goes on from its last checkpoint. */
  | { readonly type: "resume"; readonly error: MillraceError }
  /** More checkpoints failed than are tolerated. */
  | { readonly type: "failJob"; readonly error: MillraceError };
