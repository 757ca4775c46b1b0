import type { Clock } from "../../common/clock/clock.ts";
import type { RuntimeContext } from "../../common/functions/runtime-context.ts";
import type { Timestamp } from "../../common/time/timestamps.ts";
import type { KeyedStateStore } from "../state/keyed-state.ts";
import type { OperatorStateStore } from "../state/operator-state.ts";
import type { Flow, OutputCursor } from "./flow.ts";

/**
 * Where an operator's results go: the next operator of the chain, or the writers at its end. Synchronous; an emitted record
 * has been handled by everything chained behind when the call returns. Emitted values must not be changed afterwards.
 */
export interface Output<T> {
  record(value: T, timestamp: Timestamp): void;
  watermark(watermark: Timestamp): void;
  /** Whether this stream is idle: downstream watermarks go on without it. */
  idle(idle: boolean): void;
}

/** Runs on the task's thread, from the mailbox: before any further input. */
export type Mail = () => void;

/** What an operator gets from its task. Valid from creation to `close`. */
export interface OperatorContext {
  readonly runtime: RuntimeContext;
  readonly clock: Clock;
  /** The main output. */
  readonly output: Output<unknown>;
  /** A side output by tag id; undefined where nobody reads it (dropping is then right). */
  sideOutput(tagId: string): Output<unknown> | undefined;
  readonly flow: Flow;
  /**
   * Runs a cursor: at once as far as there is room, then whenever there is room again. Until it is done, neither input nor
   * watermarks nor timers nor barriers reach this operator (except what a single call of an upstream user function still emits,
   * which must be taken). It must be the caller's last act: what comes after the loop (forwarding the watermark, ...)
   * is part of the cursor. An operator runs at most one at a time.
   */
  runCursor(cursor: OutputCursor): void;
  /**
   * Stops (or lets go) everything upstream of this operator, as if it had no credit: for operators with a bounded buffer of
   * their own. Idempotent.
   */
  hold(held: boolean): void;
  /** Enqueues a mail; callable from any callback on the task's thread. Wakes the task. */
  mail(mail: Mail): void;
  /** Fails the task: for errors of asynchronous work. */
  fail(error: unknown): void;
  /**
   * Handles what a user function threw for one record, by the operator's poison policy: throws (fail), or returns after
   * counting or dead-lettering it. `record` is the input record.
   */
  poison(error: unknown, record: unknown, timestamp: Timestamp): void;
  /** Keyed state of this operator; throws STATE_MISUSE on operators without key. */
  readonly keyedState: KeyedStateStore;
  /** Operator state: list, union, broadcast. */
  readonly operatorState: OperatorStateStore;
  /** Records frozen deeply before user functions see them (tests). */
  readonly freeze: boolean;
  /** How often watermark generators are asked, ms; 0: after every record. Default 200. */
  readonly autoWatermarkInterval?: number;
}

/**
 * One operator of a chain in one subtask. Everything is called on the task's thread, one call at a time.
 *
 * Order of calls: created by its factory with a context; `initializeState`; `recover`; `open`; then records, watermarks, idle changes,
 * mails and timers in any order; for each input `endInput(i)`, after its last record and after the final watermark;
 * `finish` when all inputs ended (skipped on cancellation, and when the job is stopped with a savepoint); `close` always.
 *
 * At a checkpoint `prepareSnapshot`, then its stores are snapshotted; also after `finish`. While the promise of one operator's
 * `prepareSnapshot` is pending no operator of the task gets records, watermarks, timers, mails or notifications.
 */
export interface Operator {
  /** Registers state, which has been restored. Called before `open`. */
  initializeState?(): void;
  /** Completes what was restored half done (commits). Nothing is opened before the promise has settled. */
  recover?(): Promise<void> | undefined;
  /** Opens user functions. */
  open(): void;
  /** A record of input 0. Keyed operators take its key themselves. */
  processRecord(value: unknown, timestamp: Timestamp): void;
  /** A record of input 1. */
  processRecord2?(value: unknown, timestamp: Timestamp): void;
  /**
   * The operator's event time has advanced (over all its inputs). Fires what is due, then forwards the watermark; default
   * (where absent): forwarded at once.
   */
  processWatermark?(watermark: Timestamp): void;
  /** All inputs are idle, or one is active again; default: forwarded. */
  processIdle?(idle: boolean): void;
  /** Input `input` has ended. */
  endInput?(input: 0 | 1): void;
  /**
   * All input has ended: emit or complete what is left. While the returned promise is pending, mails still run. Operators
   * are finished in chain order, each after the one before.
   */
  finish?(): void | Promise<void>;
  /**
   * Called between two records at a barrier, in chain order, before state is snapshotted: brings state up to date. `savepoint`: whether a
   * job may be started from it long after this one went on.
   */
  prepareSnapshot?(checkpointId: number, savepoint: boolean): void | Promise<void>;
  /**
   * The checkpoint is recorded; not called for savepoints in the middle of a run. Records go on meanwhile, but the task doesn't end before the
   * promise has settled.
   */
  notifyCheckpointComplete?(checkpointId: number): void | Promise<void>;
  /** The checkpoint was given up: perhaps before this operator has heard of it, perhaps after it had prepared for it. */
  notifyCheckpointAborted?(checkpointId: number): void;
  /** The task is cancelled, after it had run: keep what would otherwise be lost. `close` follows. What it throws is logged only. */
  stop?(): Promise<void>;
  /** Frees everything; called exactly once, also when `open` threw. */
  close(): void | Promise<void>;
}
