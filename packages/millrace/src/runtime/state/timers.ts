import type { Timestamp } from "../../common/time/timestamps.ts";
import type { Flow } from "../operators/flow.ts";

/** Who is called when a timer fires. The key is current during the call. */
export interface TimerTarget {
  onEventTime(time: Timestamp, key: unknown, namespace: string): void;
  onProcessingTime(time: Timestamp, key: unknown, namespace: string): void;
}

/**
 * Timers of one operator in one subtask, by (time, key, namespace); the same three are one timer. They are state: snapshotted by
 * key group. Registering one in the past is allowed: an event-time timer at or below the watermark fires with the
 * next watermark (Flink's behaviour), a processing-time timer as soon as possible.
 */
export interface InternalTimerService {
  currentWatermark(): Timestamp;
  currentProcessingTime(): Timestamp;
  /** For the current key. `namespace` is "" where there is none. */
  registerEventTimeTimer(namespace: string, time: Timestamp): void;
  registerProcessingTimeTimer(namespace: string, time: Timestamp): void;
  deleteEventTimeTimer(namespace: string, time: Timestamp): void;
  deleteProcessingTimeTimer(namespace: string, time: Timestamp): void;
  /**
   * Sets the watermark and fires event-time timers up to it in order of time, until done (true) or `flow.blocked` (false: call
   * it again with the same watermark). `currentWatermark` is the new one already while they fire.
   */
  advanceWatermark(watermark: Timestamp, flow: Flow): boolean;
  /** Fires processing-time timers due at `now`, until done (true) or blocked (false). */
  advanceProcessingTime(now: Timestamp, flow: Flow): boolean;
  /** The earliest processing-time timer, or Infinity: what the operator schedules on the clock. */
  readonly nextProcessingTime: Timestamp;
  /** Called by the service when `nextProcessingTime` became earlier. */
  onEarlierProcessingTime: ((time: Timestamp) => void) | undefined;
  readonly eventTimerCount: number;
  readonly processingTimerCount: number;
}
