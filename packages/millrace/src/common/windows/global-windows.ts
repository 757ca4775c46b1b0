import { EndOfStreamTrigger } from "./end-of-stream-trigger.ts";
import { NeverTrigger } from "./never-trigger.ts";
import type { Trigger } from "./trigger.ts";
import type { WindowAssigner, WindowShape } from "./window-assigner.ts";
import { GLOBAL_WINDOW, type GlobalWindow } from "./window.ts";

const ALL: readonly GlobalWindow[] = Object.freeze([GLOBAL_WINDOW]);
const SHAPE: WindowShape = Object.freeze({ kind: "global" });

/**
 * One window for each key that holds everything. It fires only by a trigger of your own, or at the end of input with
 * `createWithEndOfStreamTrigger`.
 *
 * @example `stream.keyBy((f) => f.origin).window(GlobalWindows.create()).trigger(CountTrigger.of(100))`
 */
export class GlobalWindows implements WindowAssigner<unknown, GlobalWindow> {
  readonly "~millrace" = "windows";
  readonly shape = SHAPE;
  readonly timeDomain = "event";
  readonly #trigger: Trigger<unknown, GlobalWindow>;

  private constructor(trigger: Trigger<unknown, GlobalWindow>) {
    this.#trigger = trigger;
  }

  /**
   * Windows that never fire unless a trigger is given.
   *
   * @example `GlobalWindows.create()`
   */
  static create(): GlobalWindows {
    return new GlobalWindows(NeverTrigger.create());
  }

  /**
   * Windows that fire once, when the bounded input has ended.
   *
   * @example `lines.keyBy((l) => l.word).window(GlobalWindows.createWithEndOfStreamTrigger())`
   */
  static createWithEndOfStreamTrigger(): GlobalWindows {
    return new GlobalWindows(EndOfStreamTrigger.create());
  }

  assignWindows(): readonly GlobalWindow[] {
    return ALL;
  }

  defaultTrigger(): Trigger<unknown, GlobalWindow> {
    return this.#trigger;
  }
}
