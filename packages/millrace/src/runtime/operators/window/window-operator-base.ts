import type { Counter } from "../../../common/metrics/metrics.ts";
import type { KeySelector } from "../../../common/functions/functions.ts";
import { MIN_WATERMARK, type Timestamp } from "../../../common/time/timestamps.ts";
import type { TimeDomain } from "../../../common/windows/window-assigner.ts";
import type { WindowSpec } from "../../../graph/stream/operator-spec.ts";
import type { OutputCursor } from "../flow.ts";
import type { Operator, OperatorContext } from "../operator.ts";
import { ProcessingTimeAlarm } from "./processing-time-alarm.ts";
import { WaitingQueue } from "./waiting-input.ts";
import { WatermarkProgress } from "./watermark-progress.ts";
import type { WindowResults } from "./window-results.ts";

/**
 * What all window operators share: watermarks and processing time come in here, run the subclass's firing as one resumable
 * cursor, and go on to the output when it is done. Input that comes meanwhile waits.
 *
 * Duties of subclasses: `processRecord` calls `park` while `firing`; `fireEventTime` and `fireProcessingTime` stop when the
 * flow is blocked, answering false, and go on where they stopped when they are called again with the same time.
 */
export abstract class WindowOperatorBase implements Operator {
  protected readonly context: OperatorContext;
  protected readonly keyOf: KeySelector<unknown, unknown>;
  protected readonly progress: WatermarkProgress;
  protected readonly alarm: ProcessingTimeAlarm;
  /** Whether a cursor is under way. */
  protected firing = false;
  readonly #lateTag: string | undefined;
  readonly #lateDropped: Counter;
  readonly #waiting = new WaitingQueue();
  readonly #cursor: OutputCursor = { advance: () => this.#advance() };
  /** What the cursor works on: firing at a time, or what came meanwhile. */
  #stage: "fire" | "drain" = "fire";
  #domain: TimeDomain = "event";
  #time: Timestamp = MIN_WATERMARK;
  /** Whether the alarm rang and the firing of processing time has not begun. */
  #rang = false;

  constructor(spec: WindowSpec, context: OperatorContext) {
    this.context = context;
    this.keyOf = spec.keySelector;
    this.progress = new WatermarkProgress(context.keyedState);
    this.alarm = new ProcessingTimeAlarm(context.clock, () => this.#onAlarm());
    this.#lateTag = spec.lateOutput?.id;
    this.#lateDropped = context.runtime.metrics.counter("numLateRecordsDropped");
  }

  protected abstract readonly results: WindowResults;
  /** Takes a record; no cursor is under way. */
  protected abstract handleRecord(value: unknown, timestamp: Timestamp): void;
  /** Fires what is due at a watermark, which `progress` has; false when blocked. */
  protected abstract fireEventTime(watermark: Timestamp): boolean;
  /** Fires what is due when processing time has passed `time`; false when blocked. */
  protected abstract fireProcessingTime(time: Timestamp): boolean;
  /** The alarm rang: processing time has come to the next window. */
  protected onProcessingTimePassed(): void {}

  abstract processRecord(value: unknown, timestamp: Timestamp): void;

  initializeState(): void {
    this.progress.restore();
    this.results.initializeState();
  }

  open(): void {
    this.results.open();
  }

  processWatermark(watermark: Timestamp): void {
    if (this.firing) {
      this.#waiting.push({ kind: "watermark", watermark });
      return;
    }
    this.#begin("event", watermark);
    this.context.runCursor(this.#cursor);
  }

  prepareSnapshot(checkpointId: number): void {
    this.results.prepareSnapshot(checkpointId);
  }

  close(): void {
    this.alarm.cancel();
    this.results.close();
  }

  /** Keeps a record until the cursor is done. */
  protected park(value: unknown, timestamp: Timestamp): void {
    this.#waiting.push({ kind: "record", value, timestamp });
  }

  /** A record that none of its windows takes any more. */
  protected late(value: unknown, timestamp: Timestamp): void {
    if (this.#lateTag === undefined) this.#lateDropped.inc();
    else this.context.sideOutput(this.#lateTag)?.record(value, timestamp);
  }

  #onAlarm(): void {
    this.onProcessingTimePassed();
    if (this.#rang) return;
    this.#rang = true;
    if (!this.firing) this.context.mail(() => this.#onAlarmMail());
  }

  #onAlarmMail(): void {
    // A cursor that began meanwhile takes care of it at its end.
    if (this.firing || !this.#rang) return;
    this.#begin("processing", this.#takeAlarm());
    this.context.runCursor(this.#cursor);
  }

  /** The time that has passed: the millisecond before now. */
  #takeAlarm(): Timestamp {
    this.#rang = false;
    return this.context.clock.now() - 1;
  }

  #begin(domain: TimeDomain, time: Timestamp): void {
    this.firing = true;
    this.#stage = "fire";
    this.#domain = domain;
    this.#time = time;
    if (domain !== "event") return;
    this.context.keyedState.setWatermark(time);
    this.progress.advance(time);
  }

  #advance(): boolean {
    for (;;) {
      if (this.#stage === "fire") {
        if (!this.#fire()) return false;
        this.#stage = "drain";
      }
      if (!this.#drain()) return false;
      if (this.#stage === "drain") {
        this.firing = false;
        return true;
      }
    }
  }

  #fire(): boolean {
    if (this.#domain === "processing") return this.fireProcessingTime(this.#time);
    if (!this.fireEventTime(this.#time)) return false;
    this.context.output.watermark(this.#time);
    return true;
  }

  /** Takes what came meanwhile: to the end, or until something else is to be fired first. False when blocked. */
  #drain(): boolean {
    for (let item = this.#waiting.take(); item !== undefined; item = this.#waiting.take()) {
      if (item.kind === "watermark") {
        this.#begin("event", item.watermark);
        return true;
      }
      try {
        this.handleRecord(item.value, item.timestamp);
      } catch (error) {
        this.context.poison(error, item.value, item.timestamp);
      }
      if (this.context.flow.blocked) return false;
    }
    if (this.#rang) this.#begin("processing", this.#takeAlarm());
    return true;
  }
}
