import { MillraceError } from "../errors/millrace-error.ts";
import type { Duration } from "../time/durations.ts";
import type { Timestamp } from "../time/timestamps.ts";
import { EventTimeTrigger } from "./event-time-trigger.ts";
import { ProcessingTimeTrigger } from "./processing-time-trigger.ts";
import type { Trigger } from "./trigger.ts";
import { checkLength, checkTimestamp } from "./window-arguments.ts";
import type { TimeDomain, WindowAssigner, WindowShape } from "./window-assigner.ts";
import { timeWindow, type TimeWindow } from "./window.ts";

/** The pause after a record that ends its session, ms. */
export type SessionGap<T> = (value: T) => Duration;

/** What the two kinds of session windows share: a record opens a window of its own, and the engine merges those that meet. */
abstract class SessionWindows<T> implements WindowAssigner<T, TimeWindow> {
  readonly "~millrace" = "windows";
  readonly shape: WindowShape & { readonly kind: "session" | "dynamic-session" };
  abstract readonly timeDomain: TimeDomain;
  readonly #gapOf: SessionGap<T> | undefined;
  readonly #gap: Duration;

  protected constructor(gap: Duration | SessionGap<T>) {
    this.#gapOf = typeof gap === "function" ? gap : undefined;
    this.#gap = typeof gap === "function" ? 0 : gap;
    this.shape = Object.freeze(
      typeof gap === "function" ? { kind: "dynamic-session" } : { kind: "session", gap },
    );
  }

  assignWindows(value: T, timestamp: Timestamp): readonly TimeWindow[] {
    checkTimestamp(this.constructor.name, timestamp);
    const gap = this.#gapOf === undefined ? this.#gap : checkDynamicGap(this.#gapOf(value));
    return [timeWindow(timestamp, timestamp + gap)];
  }

  abstract defaultTrigger(): Trigger<unknown, TimeWindow>;
}

/**
 * Windows that end when no record of their key has come for a while, by event time.
 *
 * @example `clicks.keyBy((c) => c.user).window(EventTimeSessionWindows.withGap(minutes(30)))`
 */
export class EventTimeSessionWindows<T = unknown> extends SessionWindows<T> {
  readonly timeDomain = "event";

  /**
   * Sessions that end `gap` after their last record.
   *
   * @param gap ms, whole and above 0
   * @throws MillraceError INVALID_ARGUMENT
   * @example `EventTimeSessionWindows.withGap(minutes(30))`
   */
  static withGap(gap: Duration): EventTimeSessionWindows {
    return new EventTimeSessionWindows(checkLength("EventTimeSessionWindows", "gap", gap));
  }

  /**
   * Sessions whose gap each record says.
   *
   * @param gap answers ms above 0; called once for each record; anything else fails the record
   * @example `EventTimeSessionWindows.withDynamicGap((c) => (c.mobile ? minutes(10) : minutes(30)))`
   */
  static withDynamicGap<T>(gap: SessionGap<T>): EventTimeSessionWindows<T> {
    return new EventTimeSessionWindows<T>(gap);
  }

  defaultTrigger(): Trigger<unknown, TimeWindow> {
    return EventTimeTrigger.create();
  }
}

/**
 * Windows that end when no record of their key has come for a while, by processing time.
 *
 * @example `clicks.keyBy((c) => c.user).window(ProcessingTimeSessionWindows.withGap(minutes(5)))`
 */
export class ProcessingTimeSessionWindows<T = unknown> extends SessionWindows<T> {
  readonly timeDomain = "processing";

  /**
   * Sessions that end `gap` after their last record.
   *
   * @param gap ms, whole and above 0
   * @throws MillraceError INVALID_ARGUMENT
   * @example `ProcessingTimeSessionWindows.withGap(minutes(5))`
   */
  static withGap(gap: Duration): ProcessingTimeSessionWindows {
    return new ProcessingTimeSessionWindows(checkLength("ProcessingTimeSessionWindows", "gap", gap));
  }

  /**
   * Sessions whose gap each record says.
   *
   * @param gap answers ms above 0; called once for each record; anything else fails the record
   * @example `ProcessingTimeSessionWindows.withDynamicGap((c) => c.timeout)`
   */
  static withDynamicGap<T>(gap: SessionGap<T>): ProcessingTimeSessionWindows<T> {
    return new ProcessingTimeSessionWindows<T>(gap);
  }

  defaultTrigger(): Trigger<unknown, TimeWindow> {
    return ProcessingTimeTrigger.create();
  }
}

function checkDynamicGap(gap: Duration): Duration {
  if (Number.isFinite(gap) && gap > 0) return gap;
  throw new MillraceError(
    "INVALID_ARGUMENT",
    `the gap of a session must be milliseconds above 0, the gap function answered ${String(gap)}`,
  );
}
