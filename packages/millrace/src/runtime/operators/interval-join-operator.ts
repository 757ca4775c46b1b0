import { MillraceError } from "../../common/errors/millrace-error.ts";
import { preview } from "../../common/errors/preview.ts";
import type { Counter } from "../../common/metrics/metrics.ts";
import type { Timestamp } from "../../common/time/timestamps.ts";
import type { IntervalJoinSpec } from "../../graph/stream/operator-spec.ts";
import { SideOutputs } from "./function/side-outputs.ts";
import { JoinBuffer, type Buffered } from "./join/join-buffer.ts";
import type { OperatorContext, Output } from "./operator.ts";
import { TimedOperator } from "./timers/timed-operator.ts";
import { refuseAsync } from "../task/chain/refuse-async.ts";

/** Into how many buckets the range of a search is divided. */
const BUCKETS_PER_RANGE = 4;

/** The search for one record's partners, which may stop between two of them. */
class Search {
  input: 0 | 1 = 0;
  value: unknown = undefined;
  timestamp: Timestamp = 0;
  bucket = 0;
  lastBucket = 0;
  candidates: readonly Buffered[] = [];
  next = 0;
}

/**
 * Pairs records of equal keys whose times lie within bounds. Each record is kept until no partner can come any more: its bucket
 * of time has a timer. What comes behind the watermark is late.
 *
 * The pairs of one record leave in an output loop, since a record may have a million partners.
 */
export class IntervalJoinOperator extends TimedOperator {
  readonly #spec: IntervalJoinSpec;
  readonly #buffers: readonly [JoinBuffer, JoinBuffer];
  readonly #search = new Search();
  readonly #pair: PairContext;
  readonly #sideOutputs: SideOutputs;
  readonly #lateDropped: Counter;
  readonly #where: string;

  constructor(spec: IntervalJoinSpec, context: OperatorContext) {
    super(context);
    this.#spec = spec;
    const bucket = Math.max(1, Math.ceil((spec.upper - spec.lower + 1) / BUCKETS_PER_RANGE));
    this.#buffers = [
      new JoinBuffer(context.keyedState, "left", spec.types[0], bucket),
      new JoinBuffer(context.keyedState, "right", spec.types[1], bucket),
    ];
    this.#pair = new PairContext(context.output);
    this.#sideOutputs = new SideOutputs(context);
    this.#lateDropped = context.runtime.metrics.counter("numLateRecordsDropped");
    this.#where = `operator "${context.runtime.operatorName}"`;
  }

  processRecord(value: unknown, timestamp: Timestamp): void {
    if (this.busy) this.park(0, value, timestamp);
    else this.handle(0, value, timestamp);
  }

  processRecord2(value: unknown, timestamp: Timestamp): void {
    if (this.busy) this.park(1, value, timestamp);
    else this.handle(1, value, timestamp);
  }

  protected handle(input: 0 | 1, value: unknown, timestamp: Timestamp): void {
    if (timestamp === -Infinity) throw this.#noTime(value);
    const keyOf = this.#spec.keySelectors[input];
    const key = keyOf(value);
    this.context.keyedState.setCurrentKey(key);
    if (timestamp < this.progress.of(key)) {
      this.#late(input, value, timestamp);
      return;
    }
    this.#keep(input, value, timestamp);
    this.#beginSearch(input, value, timestamp);
    this.beginLoop();
  }

  /** A bucket's time is over. */
  protected onTimer(
    _domain: "event" | "processing",
    _time: Timestamp,
    _key: unknown,
    namespace: string,
  ): void {
    const buffer = this.#buffers[namespace.startsWith("l") ? 0 : 1];
    buffer.drop(Number(namespace.slice(1)));
  }

  protected override advanceLoop(): boolean {
    const search = this.#search;
    const { flow } = this.context;
    for (;;) {
      while (search.next < search.candidates.length) {
        const candidate = search.candidates[search.next++]!;
        if (!this.#matches(search, candidate.time)) continue;
        this.#emit(search, candidate);
        if (flow.blocked) return false;
      }
      if (search.bucket >= search.lastBucket) {
        search.candidates = [];
        return true;
      }
      search.bucket++;
      search.next = 0;
      search.candidates = this.#buffers[search.input === 0 ? 1 : 0].read(search.bucket);
    }
  }

  #keep(input: 0 | 1, value: unknown, timestamp: Timestamp): void {
    const { lower, upper } = this.#spec;
    const buffer = this.#buffers[input];
    buffer.add(timestamp, value);
    // Behind the last time at which a partner may come. One of exactly the watermark's time is not late.
    const wait = Math.max(0, input === 0 ? upper : -lower);
    const bucket = buffer.bucketOf(timestamp);
    this.timers.registerEventTimeTimer(`${input === 0 ? "l" : "r"}${bucket}`, buffer.endOf(bucket) + wait);
  }

  #beginSearch(input: 0 | 1, value: unknown, timestamp: Timestamp): void {
    const { lower, upper } = this.#spec;
    const search = this.#search;
    search.input = input;
    search.value = value;
    search.timestamp = timestamp;
    const other = this.#buffers[input === 0 ? 1 : 0];
    search.bucket = other.bucketOf(input === 0 ? timestamp + lower : timestamp - upper) - 1;
    search.lastBucket = other.bucketOf(input === 0 ? timestamp + upper : timestamp - lower);
    search.candidates = [];
    search.next = 0;
  }

  #matches(search: Search, time: Timestamp): boolean {
    const { lower, upper, lowerInclusive, upperInclusive } = this.#spec;
    const distance = search.input === 0 ? time - search.timestamp : search.timestamp - time;
    return (
      (distance > lower || (lowerInclusive && distance === lower)) &&
      (distance < upper || (upperInclusive && distance === upper))
    );
  }

  #emit(search: Search, candidate: Buffered): void {
    const left = search.input === 0 ? search.value : candidate.value;
    const right = search.input === 0 ? candidate.value : search.value;
    this.#pair.timestamp = Math.max(search.timestamp, candidate.time);
    try {
      const { join } = this.#spec;
      refuseAsync(join(left, right, this.#pair), this.#where);
    } catch (error) {
      this.context.poison(error, search.value, search.timestamp);
    }
  }

  #late(input: 0 | 1, value: unknown, timestamp: Timestamp): void {
    const tag = this.#spec.lateOutputs[input];
    if (tag === undefined) this.#lateDropped.inc();
    else this.#sideOutputs.record(tag, value, timestamp);
  }

  #noTime(value: unknown): MillraceError {
    return new MillraceError(
      "INVALID_ARGUMENT",
      `an interval join needs timestamps, the record ${preview(value)} has none`,
      {
        help: "Give the source a WatermarkStrategy, or use assignTimestampsAndWatermarks before the join.",
      },
    );
  }
}

/** What the join function sees of a pair. */
class PairContext {
  timestamp: Timestamp = 0;
  readonly #output: Output<unknown>;

  constructor(output: Output<unknown>) {
    this.#output = output;
  }

  collect(value: unknown): void {
    this.#output.record(value, this.timestamp);
  }
}
