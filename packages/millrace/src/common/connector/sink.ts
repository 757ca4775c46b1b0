import type { RuntimeContext } from "../functions/runtime-context.ts";
import type { Clock } from "../clock/clock.ts";
import type { JobId } from "../ids/ids.ts";
import type { Timestamp } from "../time/timestamps.ts";
import type { TypeInfo } from "../types/type-info.ts";

/** What a sink promises together with checkpoints. */
export type SinkGuarantee = "exactly-once" | "at-least-once" | "none";

/**
 * A sink, as data and factories: a *writer* in each subtask, and, for two-phase commits, a *committer*.
 *
 * At a barrier the writer's `prepareCommit` hands over what must become visible if the checkpoint completes; these
 * committables are state. After completion (or at the end of input) `commit` makes them visible.
 *
 * @typeParam T records, @typeParam C committables, plain data, @typeParam W the writer's state, plain data
 */
export interface Sink<T, C = never, W = unknown> {
  /** For error messages and default names, e.g. "file sink". */
  readonly name: string;
  readonly guarantee: SinkGuarantee;
  /** The greatest useful parallelism, e.g. 1 where order matters. */
  readonly maxParallelism?: number | undefined;
  /** The type of the records it takes, where it needs one. */
  readonly type?: TypeInfo<T> | undefined;
  /** `restored` are states of earlier writers that this one goes on from; empty at a fresh start. */
  createWriter(context: SinkWriterContext, restored: readonly W[]): SinkWriter<T, C, W>;
  createCommitter?(context: CommitterContext): Committer<C>;
}

/** What a writer may use. */
export interface SinkWriterContext {
  readonly runtime: RuntimeContext;
  /**
   * The job that wrote the checkpoint which this one was started from, where that was claimed: it writes and commits nothing any more, so what
   * it has left behind may be removed, once a checkpoint of this job is complete. undefined: there is none, or it may go on.
   */
  readonly claimedJob?: JobId | undefined;
  readonly clock: Clock;
  /** Tells the task that `ready` may have changed; callable from any callback on the task's thread. */
  wakeUp(): void;
  /** Fails the task: for errors of asynchronous work. */
  fail(error: unknown): void;
  /** Sends a chunk of bytes to standard output or standard error, which belong to the process's main thread. */
  stdout(bytes: Uint8Array, stream?: "stdout" | "stderr"): void;
  /** How many bytes of `stdout` are still underway; a writer is not ready while they are many. */
  readonly stdoutBacklog: number;
  /** Sends results to the client that runs the job (collect sinks). Sent in batches; backlog counts. */
  sendToClient(channel: string, batch: Uint8Array, count: number): void;
  /** How many records sent by `sendToClient` the client has not taken yet. */
  readonly clientBacklog: number;
}

/** What a writer is told with each record. */
export interface SinkRecordContext {
  readonly timestamp: Timestamp;
  readonly currentWatermark: Timestamp;
}

/**
 * Writes records, on the task's thread; must not block. Asynchronous writers buffer a bounded amount, answer
 * `ready` false while they can't take more, and call `context.wakeUp()` when they can.
 */
export interface SinkWriter<T, C, W> {
  /** Whether the next record can be taken. The task takes no input while it is false. */
  readonly ready: boolean;
  write(value: T, context: SinkRecordContext): void;
  writeWatermark?(watermark: Timestamp): void;
  /**
   * Sends on what is buffered. A promise where that takes time; no `write` comes until it has settled.
   *
   * `savepoint`: what `prepareCommit` and `snapshotState` answer next is for a savepoint, from which a job may be started long after this
   * one went on. So nothing should stay in progress out there that the writer's state points at: complete it, and hand it over.
   */
  flush(endOfInput: boolean, savepoint?: boolean): void | Promise<void>;
  /** What must be committed if the checkpoint at hand completes. Called after `flush`. */
  prepareCommit?(): readonly C[] | Promise<readonly C[]>;
  /** The writer's state for the checkpoint at hand. */
  snapshotState?(checkpointId: number): readonly W[];
  /** Called at the end, after a failure or cancellation, too. */
  close(): void | Promise<void>;
}

/** What a committer may use. */
export interface CommitterContext {
  readonly runtime: RuntimeContext;
  readonly clock: Clock;
}

/** How committing one committable ended. */
export type CommitResult =
  | { readonly kind: "committed" }
  | { readonly kind: "retry"; readonly cause: unknown };

/** Makes committables visible. Idempotent: the same committable may come again after a failure. */
export interface Committer<C> {
  /** One result for each committable, in order. What it throws fails the job. */
  commit(committables: readonly C[]): Promise<readonly CommitResult[]>;
  close(): void | Promise<void>;
}
