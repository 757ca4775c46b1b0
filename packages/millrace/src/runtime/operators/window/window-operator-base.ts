import type { Counter } from "../../../common/metrics/metrics.ts";
import type { KeySelector } from "../../../common/functions/functions.ts";
import { MIN_WATERMARK, type Timestamp } from "../../../common/time/timestamps.ts";
import type { TimeDomain } from "../../../common/windows/window-assigner.ts";
import type { WindowSpec } from "../../../graph/stream/operator-spec.ts";
import type { OutputTag } from "../../../common/outputs/output-tag.ts";
import type { OutputCursor } from "../flow.ts";
import { SideOutputs } from "../function/side-outputs.ts";
import type { Operator, OperatorContext } from "../operator.ts";
import { ProcessingTimeDriver } from "../timers/processing-time-driver.ts";
import { WaitingInputs } from "../timers/waiting-input.ts";
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
  /** How far time has come in the domain in which the subclass fires by it: `progressDomain`. */
  protected readonly progress: WatermarkProgress;
  protected readonly progressDomain: TimeDomain;
  /** The last watermark. */
  protected watermark: Timestamp = MIN_WATERMARK;
  /** Whether a cursor is under way. */
  protected firing = false;
  readonly #driver: ProcessingTimeDriver;
  readonly #lateTag: OutputTag<unknown> | undefined;
  readonly #sideOutputs: SideOutputs;
  readonly #lateDropped: Counter;
  readonly #waiting = new WaitingInputs();
  readonly #cursor: OutputCursor = { advance: () => this.#advance() };
  /** What the cursor works on: firing at a time, or what came meanwhile. */
  #stage: "fire" | "drain" = "fire";
  #domain: TimeDomain = "event";
  #time: Timestamp = MIN_WATERMARK;
  /** Whether processing time has passed a time, and the firing has not begun. */
  #due = false;

  constructor(spec: WindowSpec, context: OperatorContext, progressDomain: TimeDomain = "event") {
    this.progressDomain = progressDomain;
    this.context = context;
    this.keyOf = spec.keySelector;
    this.progress = new WatermarkProgress(context.keyedState);
    this.#driver = new ProcessingTimeDriver(context.clock, () => this.#onTimePassed());
    this.#lateTag = spec.lateOutput;
    this.#sideOutputs = new SideOutputs(context);
    this.#lateDropped = context.runtime.metrics.counter("numLateRecordsDropped");
  }

  protected abstract readonly results: WindowResults;
  /** Takes a record; no cursor is under way. */
  protected abstract handleRecord(value: unknown, timestamp: Timestamp): void;
  /** Fires what is due at a watermark, which `progress` has; false when blocked. */
  protected abstract fireEventTime(watermark: Timestamp): boolean;
  /** Fires what is due when processing time has passed `time`; false when blocked. */
  protected abstract fireProcessingTime(time: Timestamp): boolean;
  /** Processing time has passed what `wakeAfter` was called with. */
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
    if (this.#isOld(watermark)) {
      this.context.output.watermark(watermark);
      return;
    }
    this.#begin("event", watermark);
    this.context.runCursor(this.#cursor);
  }

  processIdle(idle: boolean): void {
    if (this.firing) this.#waiting.push({ kind: "idle", idle });
    else this.context.output.idle(idle);
  }

  prepareSnapshot(checkpointId: number): void {
    this.results.prepareSnapshot(checkpointId);
  }

  notifyCheckpointComplete(checkpointId: number): void {
    this.results.notifyCheckpointComplete(checkpointId);
  }

  close(): void {
    this.#driver.cancel();
    this.results.close();
  }

  /** Keeps a record until the cursor is done. */
  protected park(value: unknown, timestamp: Timestamp): void {
    this.#waiting.push({ kind: "record", input: 0, value, timestamp });
  }

  /**
   * Fires processing time once it has passed `time`: not in its millisecond but after it, when no record can come any more that
   * belongs to it (as a watermark says no more than that). Infinity is never.
   */
  protected wakeAfter(time: Timestamp): void {
    this.#driver.set(time + 1);
  }

  /** A record that none of its windows takes any more. */
  protected late(value: unknown, timestamp: Timestamp): void {
    if (this.#lateTag === undefined) this.#lateDropped.inc();
    else this.#sideOutputs.record(this.#lateTag, value, timestamp);
  }

  #onTimePassed(): void {
    this.onProcessingTimePassed();
    if (this.#due) return;
    this.#due = true;
    if (!this.firing) this.context.mail(() => this.#onTimePassedMail());
  }

  #onTimePassedMail(): void {
    // A cursor that began meanwhile takes care of it at its end.
    if (this.firing || !this.#due) return;
    this.#begin("processing", this.#takeTime());
    this.context.runCursor(this.#cursor);
  }

  /** The time that has passed: the millisecond before now. */
  #takeTime(): Timestamp {
    this.#due = false;
    return this.context.clock.now() - 1;
  }

  #begin(domain: TimeDomain, time: Timestamp): void {
    this.firing = true;
    this.#stage = "fire";
    this.#domain = domain;
    this.#time = time;
    if (domain === "event") this.watermark = time;
    if (domain !== this.progressDomain) return;
    this.progress.advance(time);
    this.context.keyedState.setWatermark(this.progress.current);
  }

  /** A restored source says again what it had said: all that was due by then has fired. */
  #isOld(watermark: Timestamp): boolean {
    return this.progressDomain === "event" && watermark <= this.progress.current;
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
      switch (item.kind) {
        case "watermark":
          if (this.#isOld(item.watermark)) {
            this.context.output.watermark(item.watermark);
            break;
          }
          this.#begin("event", item.watermark);
          return true;
        case "idle":
          this.context.output.idle(item.idle);
          break;
        case "record":
          this.#handleWaiting(item.value, item.timestamp);
          if (this.context.flow.blocked) return false;
          break;
      }
    }
    if (this.#due) this.#begin("processing", this.#takeTime());
    return true;
  }

  /** No chain is around it now that would handle what it throws. */
  #handleWaiting(value: unknown, timestamp: Timestamp): void {
    try {
      this.handleRecord(value, timestamp);
    } catch (error) {
      this.context.poison(error, value, timestamp);
    }
  }
}
