import type { RuntimeContext } from "../functions/runtime-context.ts";
import type { TypeInfo } from "../types/type-info.ts";
import type { Timestamp } from "../time/timestamps.ts";
import type { Clock } from "../clock/clock.ts";

/** Part of a source's input that one reader reads at a time: a file, a range, a partition. Plain data with an id. */
export interface SourceSplit {
  /** Unique in its source; stable over restarts. */
  readonly splitId: string;
}

/** What a reader did in one `pollNext`. */
export const PollStatus = {
  /** Something more may be read at once. */
  MORE: 0,
  /** Nothing for now; `available()` tells when to ask again. */
  NOTHING: 1,
  /** All splits are read and no more will come. */
  END: 2,
} as const;
export type PollStatus = (typeof PollStatus)[keyof typeof PollStatus];

/** How an enumerator and its readers recover what was read: what a source promises after a failure. */
export type SourceGuarantee = "exactly-once" | "at-least-once" | "at-most-once";

/**
 * A source, as data and factories. It stands in the job's program, so it is built once in each process and must keep
 * no state of its own: enumerator and readers hold it.
 *
 * A *split enumerator* (one for each job, with the JobMaster) finds splits and hands them to *readers* (one for each
 * subtask), which read them. Splits and enumerator state are plain data (they cross threads and stand in checkpoints).
 *
 * @typeParam T records, @typeParam S splits, @typeParam E the enumerator's state
 */
export interface Source<T, S extends SourceSplit = SourceSplit, E = unknown> {
  /** For error messages and default names, e.g. "file source". */
  readonly name: string;
  readonly boundedness: "bounded" | "unbounded";
  /** The records' type, where declared. */
  readonly type?: TypeInfo<T> | undefined;
  /** Whether its readers see to it themselves that records fit `type`; otherwise the runtime checks each of them. */
  readonly checksRecords?: boolean | undefined;
  /** What it promises after a restore: readers that can seek to their splits' positions promise exactly-once. */
  readonly guarantee: SourceGuarantee;
  /** The greatest useful parallelism, e.g. 1 for standard input; undefined where there is no limit. */
  readonly maxParallelism?: number | undefined;
  /**
   * What its splits are made from, once and for all, at the first start of a job: a path, a range; in words, by option. It stands in savepoints:
   * a job that starts from one and has another input is told that the change does nothing. Absent where a change takes effect.
   *
   * @example `{ path: "flights/*.csv" }`
   */
  readonly input?: Readonly<Record<string, string>> | undefined;
  /** `restored` is what `snapshotState` of an earlier enumerator gave. */
  createEnumerator(context: SplitEnumeratorContext<S>, restored: E | undefined): SplitEnumerator<S, E>;
  createReader(context: SourceReaderContext): SourceReader<T, S>;
}

/** What an enumerator may do. Calls are safe at any time from the enumerator's thread. */
export interface SplitEnumeratorContext<S> {
  /** The number of readers. */
  readonly parallelism: number;
  readonly clock: Clock;
  /** Readers that have registered and have not failed. */
  registeredReaders(): readonly number[];
  assignSplits(subtask: number, splits: readonly S[]): void;
  /** Tells a reader that it gets nothing more: it ends when its splits are read. */
  signalNoMoreSplits(subtask: number): void;
  sendEvent(subtask: number, event: unknown): void;
  /** Fails the job: what the enumerator can't do without. */
  fail(error: unknown): void;
}

/**
 * Finds splits and hands them out. User code: may be asynchronous inside, reports failures by `context.fail`.
 * Each split is either in the enumerator's state or was assigned to a reader, never both, never neither.
 */
export interface SplitEnumerator<S, E> {
  /** Called once before anything else. */
  start(): void;
  /** A reader has registered (at the start, and again after its failure). */
  addReader(subtask: number): void;
  /** A reader wants a split. Answer by `assignSplits` or `signalNoMoreSplits`, now or later. */
  handleSplitRequest(subtask: number): void;
  /** Splits of a failed reader that no checkpoint holds come back. */
  addSplitsBack(splits: readonly S[], subtask: number): void;
  handleEvent?(subtask: number, event: unknown): void;
  /** State for a checkpoint: all splits not assigned, and what is needed to find new ones. Plain data. */
  snapshotState(checkpointId: number): E;
  notifyCheckpointComplete?(checkpointId: number): void;
  close(): void;
}

/** What a reader may use. */
export interface SourceReaderContext {
  readonly runtime: RuntimeContext;
  readonly clock: Clock;
  /** Asks the enumerator for a split. */
  requestSplit(): void;
  sendEvent(event: unknown): void;
  /**
   * Tells the task that `pollNext` may have something to do. Cheap; may be called from any callback on the task's
   * thread, any number of times.
   */
  wakeUp(): void;
  /** Standard input in frames of bytes; it belongs to the process's main thread, so it comes through the runtime. */
  openStdin(): ByteInput;
}

/** Bytes from the main thread, pulled. */
export interface ByteInput {
  /** The next chunk, undefined when none is there yet, null at the end. At most a few chunks are ever underway. */
  read(): Uint8Array | undefined | null;
  /** Called when `read` may answer again. */
  onReadable(callback: () => void): void;
  close(): void;
}

/**
 * Reads splits, on the task's thread. Must never block: what waits is asynchronous inside, fills a bounded buffer and calls
 * `context.wakeUp()`.
 *
 * The task calls `start`, then `addSplits` (restored or assigned) and `notifyNoMoreSplits` as they come, `pollNext` in
 * between; `snapshotState` only between two `pollNext`s.
 */
export interface SourceReader<T, S> {
  start(): void;
  /**
   * Emits records until about `limit` were emitted, or `output.blocked` is true (checked after each record or small group),
   * or nothing is there. May be called again at once after MORE.
   */
  pollNext(output: ReaderOutput<T>, limit: number): PollStatus;
  /**
   * Splits to read: assigned by the enumerator, or restored ones. `begun` ones were being read side by side when the snapshot was taken,
   * perhaps by several readers, and are to be read side by side again: each holds back event time until it is read, so one that
   * waited for the end of another would let that one's windows grow meanwhile.
   */
  addSplits(splits: readonly S[], begun?: boolean): void;
  /**
   * Takes in hand the splits that the next `pollNext` would begin, by `output.forSplit`, and emits nothing. Called before a snapshot, so that
   * splits that have just been assigned are known to be next: restored together with those of other readers, they hold back event time as
   * they would have done. Without it, the first of a reader's splits counts as begun.
   */
  beginSplits?(output: ReaderOutput<T>): void;
  notifyNoMoreSplits(): void;
  handleEvent?(event: unknown): void;
  /**
   * The splits at hand with their positions as of now: reading goes on from there, with nothing lost or twice. Plain data that nobody
   * changes afterwards; a split that is read to its end and released is not among them.
   */
  snapshotState(checkpointId: number): readonly S[];
  notifyCheckpointComplete?(checkpointId: number): void;
  /** Holds back, or lets go, splits that ran ahead of others (watermark alignment). */
  pauseOrResumeSplits?(pause: readonly string[], resume: readonly string[]): void;
  close(): void;
}

/** Where a reader's records go. */
export interface ReaderOutput<T> {
  /** True when the reader should return from `pollNext` as soon as it can: there is no room behind it. */
  readonly blocked: boolean;
  /** Emits a record; `timestamp` where the input carries one, which the watermark strategy may replace. */
  collect(value: T, timestamp?: Timestamp): void;
  /** An output of the split's own: its records make watermarks apart from other splits'. Same object for the same id. */
  forSplit(splitId: string): ReaderOutput<T>;
  /**
   * Forgets a split that is read to its end, so that it no longer holds back watermarks. To be called for each split that the reader was
   * given, also where nothing of it was left.
   */
  releaseSplit(splitId: string): void;
  /**
   * Reports a record that could not be read (a malformed line). The operator's poison-record policy decides: fail
   * (throws), skip and count, or dead-letter.
   */
  malformed(record: MalformedRecord): void;
}

/** A piece of input that is not a record. */
export interface MalformedRecord {
  /** The input as it came, shortened where very long. */
  readonly raw: string;
  /** What was expected and what came. */
  readonly message: string;
  /** Where it came from: "flights.csv:17". */
  readonly location: string;
  readonly cause?: unknown;
}
