import {
  MIN_WATERMARK,
  type Clock,
  type Flow,
  type InternalTimerService,
  type TimerTarget,
  type Timestamp,
} from "millrace/internal/state-backend";
import type { CurrentKey } from "../state/current-key.ts";
import type { TimerDomain } from "./timer-domain.ts";

const NOBODY: TimerTarget = { onEventTime() {}, onProcessingTime() {} };

/** Timers in RocksDB. Restored ones are there before their target is. */
export class RocksTimerService implements InternalTimerService {
  onEarlierProcessingTime: ((time: Timestamp) => void) | undefined = undefined;
  target: TimerTarget = NOBODY;
  readonly event: TimerDomain;
  readonly processing: TimerDomain;
  readonly #keys: CurrentKey;
  readonly #clock: Clock;
  #watermark = MIN_WATERMARK;

  constructor(keys: CurrentKey, clock: Clock, event: TimerDomain, processing: TimerDomain) {
    this.#keys = keys;
    this.#clock = clock;
    this.event = event;
    this.processing = processing;
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
      this.target.onEventTime(timer.time, this.#keys.get(), timer.namespace);
      if (flow.blocked) return this.event.queue.due(watermark) === undefined;
    }
    return true;
  }

  advanceProcessingTime(now: Timestamp, flow: Flow): boolean {
    const { processing } = this;
    for (let timer = processing.takeDue(now); timer !== undefined; timer = processing.takeDue(now)) {
      this.target.onProcessingTime(timer.time, this.#keys.get(), timer.namespace);
      if (flow.blocked) return processing.queue.due(now) === undefined;
    }
    return true;
  }
}
