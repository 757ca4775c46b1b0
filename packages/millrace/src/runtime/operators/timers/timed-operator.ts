import type { Timestamp } from "../../../common/time/timestamps.ts";
import type { InternalTimerService, TimerTarget } from "../../state/timers.ts";
import type { OperatorContext } from "../operator.ts";
import { FiringOperator } from "./firing-operator.ts";

/**
 * What keyed operators share that have timers by key: watermarks and processing time fire those that are due.
 *
 * Duties of subclasses: those of a FiringOperator but for the firing; what a timer's function throws goes to `context.poison`.
 */
export abstract class TimedOperator extends FiringOperator {
  protected readonly timers: InternalTimerService;

  constructor(context: OperatorContext) {
    super(context);
    const target: TimerTarget = {
      onEventTime: (time, key, namespace) => this.onTimer("event", time, key, namespace),
      onProcessingTime: (time, key, namespace) => this.onTimer("processing", time, key, namespace),
    };
    this.timers = context.keyedState.getTimerService("user-timers", target);
    this.timers.onEarlierProcessingTime = (time) => this.wakeAt(time);
  }

  /** A timer fires; its key is current. */
  protected abstract onTimer(
    domain: "event" | "processing",
    time: Timestamp,
    key: unknown,
    namespace: string,
  ): void;

  open(): void {
    // Restored timers.
    this.wakeAt(this.timers.nextProcessingTime);
  }

  protected fireEventTime(watermark: Timestamp): boolean {
    return this.timers.advanceWatermark(watermark, this.context.flow);
  }

  protected fireProcessingTime(time: Timestamp): boolean {
    if (!this.timers.advanceProcessingTime(time, this.context.flow)) return false;
    this.wakeAt(this.timers.nextProcessingTime);
    return true;
  }
}
