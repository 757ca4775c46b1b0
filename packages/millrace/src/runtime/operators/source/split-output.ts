import type { MalformedRecord, ReaderOutput } from "../../../common/connector/source.ts";
import type { RecordCheck } from "../../../common/codec/record-check.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { preview } from "../../../common/errors/preview.ts";
import type { TimestampAssigner } from "../../../common/functions/functions.ts";
import { NO_TIMESTAMP } from "../../../common/time/timestamps.ts";
import type { Timestamp } from "../../../common/time/timestamps.ts";
import type { WatermarkGenerator } from "../../../common/watermarks/watermark-strategy.ts";
import type { Flow } from "../flow.ts";
import type { Output } from "../operator.ts";
import type { SplitWatermarks } from "./split-watermarks.ts";

/** What the outputs of one reader share. */
export interface SplitOutputs<T> {
  readonly flow: Flow;
  readonly output: Output<unknown>;
  readonly assigner: TimestampAssigner<T> | undefined;
  forSplit(splitId: string): ReaderOutput<T>;
  releaseSplit(splitId: string): void;
  malformed(record: MalformedRecord): void;
  /** Throws for records that don't fit the source's declared type; undefined where the reader has seen to it. */
  readonly check: RecordCheck | undefined;
  /** A record that `check` refused: fails, or is left out by the operator's policy. */
  refused(error: unknown, value: unknown, splitId: string): void;
  /** Whether generators are asked for a watermark after every record. */
  readonly everyRecord: boolean;
  /** Emits combined watermarks right away when a generator spoke within a record (punctuated watermarks). */
  flushWatermarks(): void;
}

/** A reader's output for one split: timestamps, then the record, then the watermark generator. The hot path of a source. */
export class SplitOutput<T> implements ReaderOutput<T> {
  readonly watermarks: SplitWatermarks<T>;
  readonly #shared: SplitOutputs<T>;
  readonly #flow: Flow;
  readonly #output: Output<unknown>;
  readonly #assigner: TimestampAssigner<T> | undefined;
  readonly #generator: WatermarkGenerator<T> | undefined;
  readonly #everyRecord: boolean;
  readonly #check: RecordCheck | undefined;
  readonly #splitId: string;

  constructor(shared: SplitOutputs<T>, watermarks: SplitWatermarks<T>, splitId = "") {
    this.#shared = shared;
    this.#check = shared.check;
    this.#splitId = splitId;
    this.#everyRecord = shared.everyRecord;
    this.#flow = shared.flow;
    this.#output = shared.output;
    this.#assigner = shared.assigner;
    this.#generator = watermarks.generator;
    this.watermarks = watermarks;
  }

  get blocked(): boolean {
    return this.#flow.blocked;
  }

  collect(value: T, timestamp: Timestamp = NO_TIMESTAMP): void {
    if (this.#check !== undefined) {
      try {
        this.#check(value);
      } catch (error) {
        this.#shared.refused(error, value, this.#splitId);
        return;
      }
    }
    const split = this.watermarks;
    const time = this.#assigner === undefined ? timestamp : checked(this.#assigner(value, timestamp), value);
    split.recent++;
    if (split.idle) {
      // Said before the record: behind an idle input event time goes on without it, and the record would be late.
      split.markActive();
      this.#shared.flushWatermarks();
    }
    this.#output.record(value, time);
    if (this.#generator !== undefined) {
      const before = split.watermark;
      this.#generator.onEvent(value, time, split);
      if (this.#everyRecord) this.#generator.onPeriodicEmit(split);
      if (split.watermark !== before || split.idle) this.#shared.flushWatermarks();
    }
  }

  forSplit(splitId: string): ReaderOutput<T> {
    return this.#shared.forSplit(splitId);
  }

  releaseSplit(splitId: string): void {
    this.#shared.releaseSplit(splitId);
  }

  malformed(record: MalformedRecord): void {
    this.#shared.malformed(record);
  }
}

/** A timestamp assigner's answer; anything but a number would silently stop event time. */
export function checked(timestamp: Timestamp, value: unknown): Timestamp {
  if (typeof timestamp === "number" && timestamp === timestamp) return timestamp;
  throw new MillraceError(
    "USER_FUNCTION_FAILED",
    `the timestamp assigner must answer with milliseconds since the epoch, got ${preview(timestamp)} for the record ${preview(value)}`,
    { help: "Check the field it reads; a Date is turned into milliseconds by getTime()." },
  );
}
