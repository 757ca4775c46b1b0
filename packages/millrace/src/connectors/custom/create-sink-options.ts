import type { Clock } from "../../common/clock/clock.ts";
import type { SinkGuarantee } from "../../common/connector/sink.ts";
import type { Duration } from "../../common/time/durations.ts";
import type { Timestamp } from "../../common/time/timestamps.ts";

/** What the functions of a custom sink may use. */
export interface CustomSinkContext {
  /** Aborted when the writer is closed. Give it to what you wait for. */
  readonly signal: AbortSignal;
  /** Time as the job sees it. */
  readonly clock: Clock;
  readonly subtaskIndex: number;
  readonly parallelism: number;
  /** 0 for the first attempt of the job, growing with each restart. */
  readonly attempt: number;
}

/** Options of `createSink`. */
export interface CreateSinkOptions<T, R> {
  /** For messages and the operator's default name. */
  readonly name: string;
  /**
   * Opens what one subtask writes to (a connection, a client); the other functions get it. May be asynchronous. Without it they get
   * undefined.
   */
  readonly open?: ((context: CustomSinkContext) => R | Promise<R>) | undefined;
  /** Writes one record; synchronous. `timestamp` is its event time, -Infinity where it has none. */
  readonly write?: ((value: T, resource: R, timestamp: Timestamp) => undefined | void) | undefined;
  /** Instead of `write`: writes records in order, asynchronously if it likes. One call at a time. */
  readonly writeBatch?:
    | ((values: readonly T[], resource: R, context: CustomSinkContext) => void | Promise<void>)
    | undefined;
  /** Called at each checkpoint and at the end of input, after all records so far were written. */
  readonly flush?: ((resource: R, endOfInput: boolean) => void | Promise<void>) | undefined;
  /** Closes what `open` opened; after a failure, too. */
  readonly close?: ((resource: R) => void | Promise<void>) | undefined;
  /** The most records of one `writeBatch`; default 500. */
  readonly batchSize?: number | undefined;
  /** How long records may wait for a batch to fill, ms; default 0: a batch is written as soon as the last one is. */
  readonly linger?: Duration | undefined;
  /** How many records may wait; more hold the job back. Default four batches. */
  readonly maxBuffered?: number | undefined;
  /** Default "at-least-once": records since the last checkpoint come again after a failure. */
  readonly guarantee?: Exclude<SinkGuarantee, "exactly-once"> | undefined;
  /** The greatest useful parallelism; default no limit. */
  readonly maxParallelism?: number | undefined;
}
