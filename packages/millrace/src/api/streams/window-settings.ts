import { MillraceError } from "../../common/errors/millrace-error.ts";
import { preview } from "../../common/errors/preview.ts";
import type { KeySelector } from "../../common/functions/functions.ts";
import type { OutputTag } from "../../common/outputs/output-tag.ts";
import type { Duration } from "../../common/time/durations.ts";
import type { Evictor, Trigger } from "../../common/windows/trigger.ts";
import type { WindowAssigner } from "../../common/windows/window-assigner.ts";
import type { WindowContents, WindowSpec } from "../../graph/stream/operator-spec.ts";

/** What is said of windows before it is said what is made of them. Immutable. */
export interface WindowSettings {
  readonly keySelector: KeySelector<unknown, unknown>;
  readonly assigner: WindowAssigner<unknown>;
  readonly trigger: Trigger<unknown> | undefined;
  readonly evictor: Evictor<unknown> | undefined;
  readonly allowedLateness: Duration;
  readonly lateOutput: OutputTag<unknown> | undefined;
}

/** Settings with all else as usual. @throws MillraceError INVALID_ARGUMENT when there is no assigner */
export function windowSettings(
  keySelector: KeySelector<unknown, unknown>,
  assigner: WindowAssigner<unknown>,
): WindowSettings {
  if (assigner?.["~millrace"] !== "windows") {
    throw new MillraceError("INVALID_ARGUMENT", `window takes a window assigner, got ${preview(assigner)}`, {
      help: "Write .window(TumblingEventTimeWindows.of(minutes(5))).",
    });
  }
  return {
    keySelector,
    assigner,
    trigger: undefined,
    evictor: undefined,
    allowedLateness: 0,
    lateOutput: undefined,
  };
}

/** The lateness, checked. @throws MillraceError INVALID_ARGUMENT */
export function checkLateness(lateness: Duration): Duration {
  if (lateness === Infinity || (Number.isSafeInteger(lateness) && lateness >= 0)) return lateness;
  throw new MillraceError(
    "INVALID_ARGUMENT",
    `allowedLateness takes a whole number of milliseconds, 0 or more, got ${preview(lateness)}`,
  );
}

/** Whether an assigner's windows are merged. */
const merges = ({ shape }: WindowAssigner<unknown>): boolean =>
  shape.kind === "session" || shape.kind === "dynamic-session" || (shape.kind === "custom" && shape.merging);

/** The spec of windows and of what is made of them. @throws MillraceError INVALID_GRAPH when these don't go together */
export function windowSpec(settings: WindowSettings, contents: WindowContents): WindowSpec {
  if (merges(settings.assigner)) {
    const trigger = settings.trigger ?? settings.assigner.defaultTrigger();
    if (trigger.onMerge === undefined) {
      throw new MillraceError(
        "INVALID_GRAPH",
        `session windows are merged, which ${trigger.name} can't (it has no onMerge)`,
      );
    }
    if (contents.kind === "aggregate" && contents.aggregate.merge === undefined) {
      throw new MillraceError(
        "INVALID_GRAPH",
        "session windows are merged, which this aggregate can't (it has no merge)",
        {
          help: "first and last don't merge: use minBy or maxBy with the time, or process(...).",
        },
      );
    }
  }
  return { kind: "window", ...settings, contents };
}
