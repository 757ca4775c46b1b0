import type { JobId, OperatorUid } from "../ids/ids.ts";
import type { MetricGroup } from "../metrics/metrics.ts";
import type {
  BroadcastState,
  ListState,
  MapStateDescriptor,
  ListStateDescriptor,
  StateDescriptor,
  StateHandle,
} from "../state/state.ts";

/**
 * What a user function knows of where it runs. One for each subtask and attempt, valid from `open` to `close`.
 */
export interface RuntimeContext {
  /** Another one for each submission, the same over restarts after failures. */
  readonly jobId: JobId;
  readonly jobName: string;
  /** The operator's name and uid. */
  readonly operatorName: string;
  readonly operatorUid: OperatorUid;
  /** This subtask, from 0. */
  readonly subtaskIndex: number;
  readonly parallelism: number;
  readonly maxParallelism: number;
  /** 0 for the first attempt of the job, growing with each restart. */
  readonly attempt: number;
  readonly metrics: MetricGroup;
  /** The job's arguments. */
  readonly args: Readonly<Record<string, unknown>>;
  /** Processing time, ms since the epoch, from the injected clock. */
  now(): number;
  /**
   * Keyed state by descriptor (which needs a name); only on a keyed stream, in `open`.
   * @throws MillraceError STATE_MISUSE elsewhere, or when the name was taken by another kind or type
   */
  getState<D extends StateDescriptor>(descriptor: D): StateHandle<D>;
}

/** Life of a rich function: `open` before the first record, `close` after the last or after a failure. */
export interface RichFunction {
  /** Called once on the task's thread before the first record; synchronous. */
  open?(context: RuntimeContext): undefined | void;
  /** Called once at the end, after a failure, too. What it throws after a failure is logged only. */
  close?(): undefined | void;
}

/** Where operator state comes from when a function starts. */
export interface FunctionInitializationContext {
  /** Whether this attempt starts from a snapshot. */
  readonly isRestored: boolean;
  /** List state, split evenly over the subtasks when the job is restored. */
  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T>;
  /** List state of which every subtask gets all elements when restored. */
  getUnionListState<T>(descriptor: ListStateDescriptor<T>): ListState<T>;
  /** State that every subtask holds whole. */
  getBroadcastState<K, V>(descriptor: MapStateDescriptor<K, V>): BroadcastState<K, V>;
}

/**
 * A function with operator state of its own, Flink's CheckpointedFunction.
 *
 * @example
 * ```ts
 * const numbered = new (class implements RichMapFunction<string, string> {
 *   #last = 0;
 *   #stored: ListState<number> | undefined;
 *   initializeState(context: FunctionInitializationContext): void {
 *     this.#stored = context.getListState(listState(Types.int, { name: "last" }));
 *     for (const last of this.#stored.get()) this.#last = Math.max(this.#last, last);
 *   }
 *   map(line: string): string {
 *     return `${++this.#last}: ${line}`;
 *   }
 *   snapshotState(): void {
 *     this.#stored?.update([this.#last]);
 *   }
 * })();
 * ```
 */
export interface CheckpointedFunction {
  /** Called before `open`. */
  initializeState?(context: FunctionInitializationContext): undefined | void;
  /** Called at each barrier, between two records: bring operator state up to date. */
  snapshotState?(checkpointId: number): undefined | void;
  /**
   * The checkpoint is complete: state up to its barrier will not be lost any more. Called between two records, once for each checkpoint that
   * completes, some time after `snapshotState` of the same id (perhaps after that of later ones); not for savepoints in the middle of a
   * run. After a failure it may never be called for the checkpoint that the job is restored from.
   */
  notifyCheckpointComplete?(checkpointId: number): undefined | void;
}
