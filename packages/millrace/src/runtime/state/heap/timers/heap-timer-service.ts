import type { Clock } from "../../../../common/clock/clock.ts";
import { MIN_WATERMARK, type Timestamp } from "../../../../common/time/timestamps.ts";
import type { Flow } from "../../../operators/flow.ts";
import type { InternalTimerService, TimerTarget } from "../../timers.ts";
import type { ChangeTracking } from "../changes/tracking.ts";
import type { KeyTable } from "../key-table.ts";
import { TimerDomain } from "./timer-domain.ts";

const NOBODY: TimerTarget = { onEventTime() {}, onProcessingTime() {} };

/** Timers on the heap. Restored ones are there before their target is. */
export class HeapTimerService implements InternalTimerService {
  onEarlierProcessingTime: ((time: Timestamp) => void) | undefined = undefined;
  target: TimerTarget = NOBODY;
  readonly event: TimerDomain;
  readonly processing: TimerDomain;
  readonly #keys: KeyTable;
  readonly #clock: Clock;
  #watermark = MIN_WATERMARK;

  constructor(keys: KeyTable, clock: Clock, tracking: ChangeTracking) {
    this.#keys = keys;
    this.#clock = clock;
    this.event = new TimerDomain(keys, tracking);
    this.processing = new TimerDomain(keys, tracking);
  }

  get nextProcessingTime(): Timestamp {
    return this.processing.nextTime;
  }

  get eventTimerCount(): number {
    return this.event.size;
  }

  get processingTimerCount(): number {
    return this.processing.size;
  }

  currentWatermark(): Timestamp {
    return this.#watermark;
  }

  currentProcessingTime(): Timestamp {
    return this.#clock.now();
  }

  registerEventTimeTimer(namespace: string, time: Timestamp): void {
    this.event.register(namespace, time);
  }

  registerProcessingTimeTimer(namespace: string, time: Timestamp): void {
    const earliest = this.processing.nextTime;
    this.processing.register(namespace, time);
    if (time < earliest) this.onEarlierProcessingTime?.(time);
  }

  deleteEventTimeTimer(namespace: string, time: Timestamp): void {
    this.event.delete(namespace, time);
  }

  deleteProcessingTimeTimer(namespace: string, time: Timestamp): void {
    this.processing.delete(namespace, time);
  }

  advanceWatermark(watermark: Timestamp, flow: Flow): boolean {
    this.#watermark = watermark;
    for (
      let timer = this.event.takeDue(watermark);
      timer !== undefined;
      timer = this.event.takeDue(watermark)
    ) {
      this.target.onEventTime(timer.bucket.time, this.#keys.currentKey(), timer.namespace);
      this.event.settle(timer);
      if (flow.blocked) return this.event.nextTime > watermark;
    }
    return true;
  }

  advanceProcessingTime(now: Timestamp, flow: Flow): boolean {
    const { processing } = this;
    for (let timer = processing.takeDue(now); timer !== undefined; timer = processing.takeDue(now)) {
      this.target.onProcessingTime(timer.bucket.time, this.#keys.currentKey(), timer.namespace);
      processing.settle(timer);
      if (flow.blocked) return processing.nextTime > now;
    }
    return true;
  }

  dispose(): void {
    this.event.dispose();
    this.processing.dispose();
  }
}
