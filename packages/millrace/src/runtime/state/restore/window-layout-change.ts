import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { StateHeader } from "../../checkpoint/format/keyed-part.ts";
import type { StateMeta } from "../captured-state.ts";

type Named = Pick<StateHeader, "name" | "layout">;

/** The states in which window operators keep open windows, one for each of their layouts. */
const WINDOW_STATES: readonly (Named & { readonly text: string })[] = [
  { name: "windows", layout: "tables", text: "by window, then key" },
  { name: "slices", layout: "tables", text: "by slice, which sliding windows share" },
  { name: "sessions", layout: "tables", text: "as sessions of each key" },
  { name: "contents", layout: "namespaced", text: "by key, then window" },
];

/**
 * Whether an operator that asks for a state would leave windows behind that were stored in another layout; undefined where not.
 *
 * @param restored states of the operator that nobody has asked for
 * @example `windowLayoutChange([{ name: "windows", layout: "tables" }], { name: "sessions", layout: "tables" })?.from`
 */
export function windowLayoutChange(
  restored: readonly Named[],
  asked: Named,
): { readonly from: string; readonly to: string } | undefined {
  const now = windowState(asked);
  if (now === undefined) return undefined;
  const before = restored.map(windowState).find((state) => state !== undefined && state !== now);
  return before && { from: before.text, to: now.text };
}

/** @throws RESTORE_REFUSED when windows would be left behind */
export function checkWindowStates(restored: readonly Named[], asked: StateMeta, where: string): void {
  const change = windowLayoutChange(restored, asked);
  if (change === undefined) return;
  throw new MillraceError(
    "RESTORE_REFUSED",
    `the windows of ${where} were kept ${change.from}, and the job keeps them ${change.to}`,
    {
      help: "A changed assigner, trigger, evictor or merge changes how windows are kept, and open windows can't follow: take back the change; or give the operator another uid; or stop the old job with --drain, which fires them, and start without a savepoint.",
      details: { state: asked.name, ...change },
    },
  );
}

function windowState({ name, layout }: Named): (typeof WINDOW_STATES)[number] | undefined {
  return WINDOW_STATES.find((state) => state.name === name && state.layout === layout);
}
