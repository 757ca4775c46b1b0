import type { OutputTag } from "../../common/outputs/output-tag.ts";
import type { StateDescriptor, StateHandle } from "../../common/state/state.ts";
import type { Timestamp } from "../../common/time/timestamps.ts";
import type { HarnessEvent, HarnessRecord, SkippedRecord } from "./harness-events.ts";
import type { HarnessSettings, HarnessSnapshot } from "./harness-options.ts";

/**
 * One operator under test, without a job around it: give it records, watermarks and time, look at what it emits and at its state.
 * Made by `harnessFor`, where an example stands. Time stands still unless it is told to move.
 *
 * What the operator's functions throw comes out of the call that caused it.
 *
 * @typeParam A records of the first input, @typeParam B of the second, @typeParam Out of the output
 */
export interface OperatorHarness<A, B, Out> extends AsyncDisposable {
  /** Everything on the main output so far, in order: records, watermarks, idleness. */
  readonly events: readonly HarnessEvent<Out>[];
  /** The records emitted so far, with their timestamps. */
  readonly records: readonly HarnessRecord<Out>[];
  /** The values of the records emitted so far. */
  readonly output: readonly Out[];
  /** Records that a function failed on, where the operator's policy lets them go. */
  readonly skipped: readonly SkippedRecord[];
  /** Processing time, ms. */
  readonly processingTime: Timestamp;
  /** The watermark that the operator has emitted, over all subtasks. */
  readonly watermark: Timestamp;
  /** Whether the operator holds back its input: it waits for room, or is full itself. */
  readonly blocked: boolean;
  /** Keys with any state or timer. */
  readonly keyCount: number;
  /** Metrics that the operator and its function registered, by name, summed over subtasks. */
  readonly metrics: Readonly<Record<string, number | string | boolean>>;

  /** The values emitted since the last call. @example `expect(harness.takeOutput()).toEqual([{ card: "a", amount: 900 }])` */
  takeOutput(): Out[];
  /** The records on a side output so far. @example `expect(harness.sideOutput(late)).toHaveLength(1)` */
  sideOutput<T>(tag: OutputTag<T>): readonly HarnessRecord<T>[];

  /** A record of the first input. @param timestamp its event time, ms; none by default @example `harness.processRecord({ card: "a" }, 1000)` */
  processRecord(value: A, timestamp?: Timestamp): void;
  /** A record of the second input. @param timestamp its event time, ms; none by default @example `harness.processRecord2(rule)` */
  processRecord2(value: B, timestamp?: Timestamp): void;
  /** Records of the first input, in order. @param timeOf takes the event time of each; none by default @example `harness.processRecords(clicks, (c) => c.at)` */
  processRecords(values: Iterable<A>, timeOf?: (value: A) => Timestamp): void;
  /** Moves event time on, in every subtask. @param input 1 or 2 for one of two inputs; default: all of them @example `harness.processWatermark(2000)` */
  processWatermark(watermark: Timestamp, input?: 1 | 2): void;
  /** Says that the input is idle, or active again. @param input as for `processWatermark` @example `harness.processIdle(true, 2)` */
  processIdle(idle: boolean, input?: 1 | 2): void;
  /** Moves processing time to `time`, ms; timers on the way fire at their own times. @example `harness.setProcessingTime(60_000)` */
  setProcessingTime(time: Timestamp): void;
  /** Moves processing time on by `ms`. @example `harness.advanceProcessingTime(seconds(30))` */
  advanceProcessingTime(ms: number): void;
  /** Takes away room behind the operator, so that output loops stop after each record, or gives it back. @example `harness.setBlocked(true)` */
  setBlocked(blocked: boolean): void;
  /**
   * Lets promises that are ready be settled, and what they cause be done: after it, what an asynchronous operator can emit without
   * waiting for the outside or for time has been emitted.
   *
   * @example `await harness.settle()`
   */
  settle(): Promise<void>;

  /**
   * State of a key, to look at it (or to prepare it).
   *
   * @param name the field's name in `state: { ... }`, or the descriptor's own
   * @throws MillraceError STATE_MISUSE where the operator has no keyed state, or another kind of this name
   * @example `expect(harness.state("alice", "count", valueState<number>()).value()).toBe(2)`
   */
  state<D extends StateDescriptor>(key: unknown, name: string, descriptor: D): StateHandle<D>;
  /** The state of all subtasks, as a checkpoint would take it between two records. @example `harnessFor(build, { restore: harness.snapshot() })` */
  snapshot(): HarnessSnapshot;
  /**
   * What a failure does: takes a snapshot, closes this harness, and answers another one that starts from the snapshot, with fresh
   * function objects and without output.
   *
   * @param changes settings that are to be other ones, e.g. the parallelism
   * @example `await using after = await harness.restart({ parallelism: 3 })`
   */
  restart(changes?: Omit<HarnessSettings, "restore">): Promise<OperatorHarness<A, B, Out>>;

  /** Ends the input as a bounded job does: the last watermark, then the operator's own end. Then closes. @example `await harness.finish()` */
  finish(): Promise<void>;
  /** Closes the operator and its functions. @example `await harness.close()` */
  close(): Promise<void>;
}
