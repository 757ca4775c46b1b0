import type { Duration } from "../time/durations.ts";
import type { Timestamp } from "../time/timestamps.ts";
import { EventTimeTrigger } from "./event-time-trigger.ts";
import { ProcessingTimeTrigger } from "./processing-time-trigger.ts";
import type { Trigger } from "./trigger.ts";
import { checkLength, checkOffset, checkTimestamp } from "./window-arguments.ts";
import type { TimeDomain, WindowAssigner, WindowShape } from "./window-assigner.ts";
import { timeWindow, windowStart, type TimeWindow } from "./window.ts";

/** What the two kinds of sliding windows share: a window begins every `slide`, so a record falls into several. */
abstract class SlidingWindows implements WindowAssigner<unknown, TimeWindow> {
  readonly "~millrace" = "windows";
  readonly shape: WindowShape & { readonly kind: "sliding" };
  abstract readonly timeDomain: TimeDomain;
  // Records of one slide may fall into different windows where `slide` does not divide `size`: then nothing is kept.
  readonly #aligned: boolean;
  #last: readonly TimeWindow[] = Object.freeze([]);
  #lastStart = Number.NaN;

  protected constructor(size: Duration, slide: Duration, offset: Duration) {
    this.shape = Object.freeze({ kind: "sliding", size, slide, offset });
    this.#aligned = size % slide === 0;
  }

  /** The windows of the record, the latest first. */
  assignWindows(_value: unknown, timestamp: Timestamp): readonly TimeWindow[] {
    const { size, slide, offset } = this.shape;
    const lastStart = windowStart(timestamp, offset, slide);
    if (this.#aligned && lastStart === this.#lastStart) return this.#last;
    checkTimestamp(this.constructor.name, timestamp);
    const windows: TimeWindow[] = [];
    for (let start = lastStart; start > timestamp - size; start -= slide) {
      windows.push(timeWindow(start, start + size));
    }
    this.#last = Object.freeze(windows);
    this.#lastStart = lastStart;
    return this.#last;
  }

  abstract defaultTrigger(): Trigger<unknown, TimeWindow>;
}

/**
 * Windows of `size` of which one begins every `slide`, by event time. With a slide longer than the size there are gaps,
 * whose records fall into no window.
 *
 * @example `bids.keyBy((b) => b.auction).window(SlidingEventTimeWindows.of(seconds(10), seconds(2)))`
 */
export class SlidingEventTimeWindows extends SlidingWindows {
  readonly timeDomain = "event";

  /**
   * @param size ms, whole and above 0, @param slide ms, whole and above 0
   * @param offset ms by which windows begin later than the epoch; shorter than `slide`
   * @throws MillraceError INVALID_ARGUMENT
   * @example `SlidingEventTimeWindows.of(hours(1), minutes(5))`
   */
  static of(size: Duration, slide: Duration, offset: Duration = 0): SlidingEventTimeWindows {
    checkLength("SlidingEventTimeWindows", "size", size);
    checkLength("SlidingEventTimeWindows", "slide", slide);
    return new SlidingEventTimeWindows(size, slide, checkOffset("SlidingEventTimeWindows", offset, slide));
  }

  defaultTrigger(): Trigger<unknown, TimeWindow> {
    return EventTimeTrigger.create();
  }
}

/**
 * Windows of `size` of which one begins every `slide`, by processing time.
 *
 * @example `requests.keyBy((r) => r.user).window(SlidingProcessingTimeWindows.of(minutes(1), seconds(10)))`
 */
export class SlidingProcessingTimeWindows extends SlidingWindows {
  readonly timeDomain = "processing";

  /**
   * @param size ms, whole and above 0, @param slide ms, whole and above 0
   * @param offset ms by which windows begin later than the epoch; shorter than `slide`
   * @throws MillraceError INVALID_ARGUMENT
   * @example `SlidingProcessingTimeWindows.of(minutes(1), seconds(10))`
   */
  static of(size: Duration, slide: Duration, offset: Duration = 0): SlidingProcessingTimeWindows {
    checkLength("SlidingProcessingTimeWindows", "size", size);
    checkLength("SlidingProcessingTimeWindows", "slide", slide);
    return new SlidingProcessingTimeWindows(
      size,
      slide,
      checkOffset("SlidingProcessingTimeWindows", offset, slide),
    );
  }

  defaultTrigger(): Trigger<unknown, TimeWindow> {
    return ProcessingTimeTrigger.create();
  }
}
