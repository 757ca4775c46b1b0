import { MIN_WATERMARK, type Timestamp } from "../../../common/time/timestamps.ts";
import type { InternalTimerService, TimerTarget } from "../../state/timers.ts";
import type { OutputCursor } from "../flow.ts";
import type { Operator, OperatorContext } from "../operator.ts";
import { WatermarkProgress } from "../window/watermark-progress.ts";
import { ProcessingTimeDriver } from "./processing-time-driver.ts";
import { WaitingInputs } from "./waiting-input.ts";

/** What an operator's output loop is at. */
type Stage =
  /** The subclass's own loop over one record. */
  | "record"
  | "event"
  | "processing"
  /** What came meanwhile. */
  | "drain";

/**
 * What keyed operators with timers share: watermarks and processing time fire timers as one resumable output loop, then go on;
 * what comes meanwhile waits its turn. A subclass may run an output loop of its own over a record, too.
 *
 * Duties of subclasses: `processRecord` and `processRecord2` call `park` while `busy`; `handle` takes a record when nothing is under
 * way; what a timer's function throws goes to `context.poison`.
 */
export abstract class TimedOperator implements Operator {
  protected readonly context: OperatorContext;
  protected readonly timers: InternalTimerService;
  protected readonly progress: WatermarkProgress;
  /** Whether an output loop is under way. Read for each record: a plain field. */
  protected busy = false;
  readonly #driver: ProcessingTimeDriver;
  readonly #waiting = new WaitingInputs();
  readonly #cursor: OutputCursor = { advance: () => this.#advance() };
  #stage: Stage = "drain";
  #watermark: Timestamp = MIN_WATERMARK;
  /** Whether processing time has come to a timer, and its firing has not begun. */
  #due = false;

  constructor(context: OperatorContext) {
    const target: TimerTarget = {
      onEventTime: (time, key, namespace) => this.onTimer("event", time, key, namespace),
      onProcessingTime: (time, key, namespace) => this.onTimer("processing", time, key, namespace),
    };
    this.context = context;
    this.timers = context.keyedState.getTimerService("user-timers", target);
    this.progress = new WatermarkProgress(context.keyedState);
    this.#driver = new ProcessingTimeDriver(context.clock, () => this.#onDue());
    this.timers.onEarlierProcessingTime = (time) => this.#driver.set(time);
  }

  abstract processRecord(value: unknown, timestamp: Timestamp): void;
  /** Takes a record; nothing is under way. */
  protected abstract handle(input: 0 | 1, value: unknown, timestamp: Timestamp): void;
  /** A timer fires; its key is current. */
  protected abstract onTimer(
    domain: "event" | "processing",
    time: Timestamp,
    key: unknown,
    namespace: string,
  ): void;
  /** Goes on with the subclass's own loop over a record, which `beginLoop` began; false when blocked. */
  protected advanceLoop(): boolean {
    return true;
  }

  initializeState(): void {
    this.progress.restore();
  }

  open(): void {
    // Restored timers.
    this.#driver.set(this.timers.nextProcessingTime);
  }

  processWatermark(watermark: Timestamp): void {
    if (this.busy) {
      this.#waiting.push({ kind: "watermark", watermark });
      return;
    }
    if (watermark <= this.progress.current) {
      // A restored source says again what it had said: all timers that were due by then have fired.
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

  #onDue(): void {
    if (this.#due) return;
    this.#due = true;
    if (!this.busy) this.context.mail(() => this.#onDueMail());
  }

  #onDueMail(): void {
    // A loop that began meanwhile takes care of it at its end.
    if (this.busy || !this.#due) return;
    this.#begin("processing");
    this.context.runCursor(this.#cursor);
  }

  #begin(stage: "event" | "processing", watermark?: Timestamp): void {
    this.busy = true;
    this.#stage = stage;
    if (watermark === undefined) {
      this.#due = false;
      return;
    }
    this.#watermark = watermark;
    this.context.keyedState.setWatermark(watermark);
    this.progress.advance(watermark);
  }

  #advance(): boolean {
    for (;;) {
      if (this.#stage !== "drain") {
        if (!this.#advanceStage()) return false;
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

  #advanceStage(): boolean {
    const { flow, output, clock } = this.context;
    switch (this.#stage) {
      case "record":
        return this.advanceLoop();
      case "event":
        if (!this.timers.advanceWatermark(this.#watermark, flow)) return false;
        output.watermark(this.#watermark);
        return true;
      case "processing":
        if (!this.timers.advanceProcessingTime(clock.now(), flow)) return false;
        this.#driver.set(this.timers.nextProcessingTime);
        return true;
      case "drain":
        return true;
    }
  }

  /** Takes what came meanwhile, up to what begins a loop again. False when blocked. */
  #drain(): boolean {
    for (let item = this.#waiting.take(); item !== undefined; item = this.#waiting.take()) {
      switch (item.kind) {
        case "watermark":
          if (item.watermark <= this.progress.current) {
            this.context.output.watermark(item.watermark);
            break;
          }
          this.#begin("event", item.watermark);
          return true;
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
    if (this.#due) this.#begin("processing");
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
