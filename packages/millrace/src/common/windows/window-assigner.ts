import type { Duration } from "../time/durations.ts";
import type { Timestamp } from "../time/timestamps.ts";
import type { Trigger } from "./trigger.ts";
import type { Window } from "./window.ts";

/** Which time a window follows. */
export type TimeDomain = "event" | "processing";

/**
 * Says which windows a record falls into. `shape` is plain data by which the runtime chooses the layout of state and
 * the plan describes itself; `custom` and `dynamic-session` carry functions besides.
 */
export interface WindowAssigner<T, W extends Window = Window> {
  readonly "~millrace": "windows";
  readonly shape: WindowShape;
  readonly timeDomain: TimeDomain;
  /** The windows of a record; `timestamp` is the record's event time, or processing time where that is the domain. */
  assignWindows(value: T, timestamp: Timestamp): readonly W[];
  /** What fires the windows unless a trigger is given. */
  // Windows are inferred from `assignWindows`: a trigger for all windows is right for some, too.
  defaultTrigger(): Trigger<T, NoInfer<W>>;
}

/** The geometry of windows; all times in ms. */
export type WindowShape =
  | { readonly kind: "tumbling"; readonly size: Duration; readonly offset: Duration }
  | { readonly kind: "sliding"; readonly size: Duration; readonly slide: Duration; readonly offset: Duration }
  | { readonly kind: "session"; readonly gap: Duration }
  | { readonly kind: "dynamic-session" }
  | { readonly kind: "global" }
  | { readonly kind: "custom"; readonly name: string; readonly merging: boolean };
