import { MIN_WATERMARK, type Timestamp } from "../../../common/time/timestamps.ts";
import type { TimeDomain } from "../../../common/windows/window-assigner.ts";
import type { OutputCursor } from "../flow.ts";
import type { Operator, OperatorContext } from "../operator.ts";
import { WatermarkProgress } from "../window/watermark-progress.ts";
import { ProcessingTimeDriver } from "./processing-time-driver.ts";
import { WaitingInputs } from "./waiting-input.ts";

/** What an operator's output loop is at. */
type Stage =
  /** The subclass's own loop over one record. */
  | "record"
  | TimeDomain
  /** What came meanwhile. */
  | "drain";

/**
 * What keyed operators share that emit when time has come to something (timers, windows): watermarks and processing time come in here,
 * run the subclass's firing as one resumable output loop, and go on to the output when it is done. What comes meanwhile waits its turn. A
 * subclass may run an output loop of its own over a record, too.
 *
 * Duties of subclasses: `processRecord` and `processRecord2` call `park` while `busy`; `handle` takes a record when nothing is under
 * way; `fireEventTime` and `fireProcessingTime` stop when the flow is blocked, answering false, and go on where they stopped when they are
 * called again with the same time; what user functions throw in them goes to `context.poison`.
 */
export abstract class FiringOperator implements Operator {
  protected readonly context: OperatorContext;
  /** How far time has come in the domain in which the subclass fires by it. */
  protected readonly progress: WatermarkProgress;
  /** The last watermark. */
  protected watermark: Timestamp = MIN_WATERMARK;
  /** Whether an output loop is under way. Read for each record: a plain field. */
  protected busy = false;
  readonly #progressDomain: TimeDomain;
  readonly #driver: ProcessingTimeDriver;
  readonly #waiting = new WaitingInputs();
  readonly #cursor: OutputCursor = { advance: () => this.#advance() };
  #stage: Stage = "drain";
  /** What is being fired. */
  #time: Timestamp = MIN_WATERMARK;
  /** Whether processing time has come to what was asked for, and its firing has not begun. */
  #due = false;

  /** @param progressDomain what `progress` follows, and is kept by key group over restores; default event time */
  constructor(context: OperatorContext, progressDomain: TimeDomain = "event") {
    this.context = context;
    this.progress = new WatermarkProgress(context.keyedState);
    this.#progressDomain = progressDomain;
    this.#driver = new ProcessingTimeDriver(context.clock, () => this.#onDue());
  }

  abstract processRecord(value: unknown, timestamp: Timestamp): void;
  /** Takes a record; nothing is under way. */
  protected abstract handle(input: 0 | 1, value: unknown, timestamp: Timestamp): void;
  /** Fires what is due at a watermark, which `progress` has; false when blocked. */
  protected abstract fireEventTime(watermark: Timestamp): boolean;
  /** Fires what is due at a time that `processingTime` gave; false when blocked. */
  protected abstract fireProcessingTime(time: Timestamp): boolean;
  /** Goes on with the subclass's own loop over a record, which `beginLoop` began; false when blocked. */
  protected advanceLoop(): boolean {
    return true;
  }
  /** Up to where processing time has come, for what is fired by it. */
  protected processingTime(): Timestamp {
    return this.context.clock.now();
  }
  /** Processing time has come to what `wakeAt` was called with. */
  protected onProcessingTimePassed(): void {}

  initializeState(): void {
    this.progress.restore();
  }

  abstract open(): void;

  processWatermark(watermark: Timestamp): void {
    if (this.busy) {
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
    if (this.busy) this.#waiting.push({ kind: "idle", idle });
    else this.context.output.idle(idle);
  }

  close(): void {
    this.#driver.cancel();
  }

  /** Keeps a record until the output loop is done. */
  protected park(input: 0 | 1, value: unknown, timestamp: Timestamp): void {
    this.#waiting.push({ kind: "record", input, value, timestamp });
  }

  /** Runs `advanceLoop`, at once as far as there is room. The last act of `handle`. */
  protected beginLoop(): void {
    this.#stage = "record";
    // While waiting input is taken, the loop that takes it goes on with this one.
    if (this.busy) return;
    this.busy = true;
    this.context.runCursor(this.#cursor);
  }

  /** Fires processing time when it has come to `time`; Infinity is never. The earliest of several counts. */
  protected wakeAt(time: Timestamp): void {
    this.#driver.set(time);
  }

  #onDue(): void {
    this.onProcessingTimePassed();
    if (this.#due) return;
    this.#due = true;
    if (!this.busy) this.context.mail(() => this.#onDueMail());
  }

  #onDueMail(): void {
    // A loop that began meanwhile takes care of it at its end.
    if (this.busy || !this.#due) return;
    this.#begin("processing", this.processingTime());
    this.context.runCursor(this.#cursor);
  }

  #begin(domain: TimeDomain, time: Timestamp): void {
    this.busy = true;
    this.#stage = domain;
    this.#time = time;
    if (domain === "event") this.watermark = time;
    else this.#due = false;
    if (domain !== this.#progressDomain) return;
    this.progress.advance(time);
    this.context.keyedState.setWatermark(this.progress.current);
  }

  /** A restored source says again what it had said: all that was due by then has fired. */
  #isOld(watermark: Timestamp): boolean {
    return this.#progressDomain === "event" && watermark <= this.progress.current;
  }

  #advance(): boolean {
    for (;;) {
      if (this.#stage !== "drain") {
        if (!this.#advanceStage(this.#stage)) return false;
        this.#stage = "drain";
      }
      if (!this.#drain()) return false;
      // Draining may have begun another stage.
      if ((this.#stage as Stage) === "drain") {
        this.busy = false;
        return true;
      }
    }
  }

  #advanceStage(stage: Exclude<Stage, "drain">): boolean {
    switch (stage) {
      case "record":
        return this.advanceLoop();
      case "event":
        if (!this.fireEventTime(this.#time)) return false;
        this.context.output.watermark(this.#time);
        return true;
      case "processing":
        return this.fireProcessingTime(this.#time);
    }
  }

  /** Takes what came meanwhile: to the end, or up to what begins a loop again. False when blocked. */
  #drain(): boolean {
    for (let item = this.#waiting.take(); item !== undefined; item = this.#waiting.take()) {
      switch (item.kind) {
        case "watermark":
          if (!this.#isOld(item.watermark)) {
            this.#begin("event", item.watermark);
            return true;
          }
          this.context.output.watermark(item.watermark);
          break;
        case "idle":
          this.context.output.idle(item.idle);
          break;
        case "record":
          this.#handleWaiting(item.input, item.value, item.timestamp);
          if (this.#stage === "record") return true;
          if (this.context.flow.blocked) return false;
          break;
      }
    }
    if (this.#due) this.#begin("processing", this.processingTime());
    return true;
  }

  /** No chain is around it now that would handle what it throws. */
  #handleWaiting(input: 0 | 1, value: unknown, timestamp: Timestamp): void {
    try {
      this.handle(input, value, timestamp);
    } catch (error) {
      this.context.poison(error, value, timestamp);
    }
  }
}
