import { MillraceError } from "../../common/errors/millrace-error.ts";
import { CountEvictor } from "../../common/windows/count-evictor.ts";
import { CountTrigger } from "../../common/windows/count-trigger.ts";
import { GlobalWindows } from "../../common/windows/global-windows.ts";
import { PurgingTrigger } from "../../common/windows/purging-trigger.ts";
import type { Evictor, Trigger } from "../../common/windows/trigger.ts";
import type { GlobalWindow } from "../../common/windows/window.ts";

/** A window of `size` records; with `slide`, of the last `size` records every `slide` records. @throws MillraceError INVALID_ARGUMENT */
export function countWindow(
  operation: string,
  size: number,
  slide: number | undefined,
): {
  assigner: GlobalWindows;
  trigger: Trigger<unknown, GlobalWindow>;
  evictor: Evictor<unknown> | undefined;
} {
  for (const n of [size, slide ?? 1]) {
    if (Number.isSafeInteger(n) && n > 0) continue;
    throw new MillraceError(
      "INVALID_ARGUMENT",
      `${operation} takes whole numbers of records above 0, got ${n}`,
    );
  }
  const assigner = GlobalWindows.create();
  return slide === undefined
    ? { assigner, trigger: PurgingTrigger.of(CountTrigger.of(size)), evictor: undefined }
    : { assigner, trigger: CountTrigger.of(slide), evictor: CountEvictor.of(size) };
}
