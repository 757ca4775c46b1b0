import type { Duration } from "../time/durations.ts";
import type { Timestamp } from "../time/timestamps.ts";
import { EventTimeTrigger } from "./event-time-trigger.ts";
import { ProcessingTimeTrigger } from "./processing-time-trigger.ts";
import type { Trigger } from "./trigger.ts";
import { checkLength, checkOffset, checkTimestamp } from "./window-arguments.ts";
import type { TimeDomain, WindowAssigner, WindowShape } from "./window-assigner.ts";
import { timeWindow, windowStart, type TimeWindow } from "./window.ts";

/** What the two kinds of tumbling windows share: every record falls into exactly one window. */
abstract class TumblingWindows implements WindowAssigner<unknown, TimeWindow> {
  readonly "~millrace" = "windows";
  readonly shape: WindowShape & { readonly kind: "tumbling" };
  abstract readonly timeDomain: TimeDomain;
  // Most records fall into the window of the one before.
  #last: readonly TimeWindow[] = Object.freeze([]);
  #lastStart = Number.NaN;

  protected constructor(size: Duration, offset: Duration) {
    this.shape = Object.freeze({ kind: "tumbling", size, offset });
  }

  assignWindows(_value: unknown, timestamp: Timestamp): readonly TimeWindow[] {
    const { size, offset } = this.shape;
    const start = windowStart(timestamp, offset, size);
    if (start !== this.#lastStart) {
      checkTimestamp(this.constructor.name, timestamp);
      this.#last = Object.freeze([timeWindow(start, start + size)]);
      this.#lastStart = start;
    }
    return this.#last;
  }

  abstract defaultTrigger(): Trigger<unknown, TimeWindow>;
}

/**
 * Windows of one size that follow each other without gap, by event time. They begin at the epoch plus `offset`, so
 * `of(hours(1))` begins at full hours UTC.
 *
 * @example `stream.keyBy((f) => f.origin).window(TumblingEventTimeWindows.of(hours(24)))`
 */
export class TumblingEventTimeWindows extends TumblingWindows {
  readonly timeDomain = "event";

  /**
   * @param size ms, whole and above 0
   * @param offset ms by which windows begin later than the epoch; shorter than `size`; `hours(-8)` for days in UTC+8
   * @throws MillraceError INVALID_ARGUMENT
   * @example `TumblingEventTimeWindows.of(days(1), hours(-8))`
   */
  static of(size: Duration, offset: Duration = 0): TumblingEventTimeWindows {
    checkLength("TumblingEventTimeWindows", "size", size);
    return new TumblingEventTimeWindows(size, checkOffset("TumblingEventTimeWindows", offset, size));
  }

  defaultTrigger(): Trigger<unknown, TimeWindow> {
    return EventTimeTrigger.create();
  }
}

/**
 * Windows of one size that follow each other without gap, by processing time.
 *
 * @example `stream.keyBy((f) => f.origin).window(TumblingProcessingTimeWindows.of(seconds(10)))`
 */
export class TumblingProcessingTimeWindows extends TumblingWindows {
  readonly timeDomain = "processing";

  /**
   * @param size ms, whole and above 0
   * @param offset ms by which windows begin later than the epoch; shorter than `size`
   * @throws MillraceError INVALID_ARGUMENT
   * @example `TumblingProcessingTimeWindows.of(seconds(10))`
   */
  static of(size: Duration, offset: Duration = 0): TumblingProcessingTimeWindows {
    checkLength("TumblingProcessingTimeWindows", "size", size);
    return new TumblingProcessingTimeWindows(
      size,
      checkOffset("TumblingProcessingTimeWindows", offset, size),
    );
  }

  defaultTrigger(): Trigger<unknown, TimeWindow> {
    return ProcessingTimeTrigger.create();
  }
}
