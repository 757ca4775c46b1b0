import type { Trigger } from "../../../common/windows/trigger.ts";
import type { TimeDomain, WindowShape } from "../../../common/windows/window-assigner.ts";
import type { WindowContents, WindowSpec } from "../../../graph/stream/operator-spec.ts";
import { unreachable } from "../../../common/errors/unreachable.ts";
import { canMerge } from "./aggregate-fold.ts";

type AlignedShape = WindowShape & { readonly kind: "tumbling" | "sliding" };

/** How the state of a window operator is laid out. */
export type WindowLayout =
  /** Tables by window: tumbling and sliding windows with their default trigger. */
  | { readonly kind: "windows"; readonly shape: AlignedShape }
  /** Tables by slice: sliding windows with their default trigger, whose contents can be joined. */
  | { readonly kind: "slices"; readonly shape: AlignedShape }
  /** Sessions of each key in one place: session windows with their default trigger. */
  | { readonly kind: "sessions" }
  /** By key and window: everything else. */
  | { readonly kind: "key-first" };

/** The layout that the windows of an operator allow. It depends on nothing else: whoever compares two programs can ask, too. */
export function windowLayout(spec: WindowSpec): WindowLayout {
  const { shape, timeDomain } = spec.assigner;
  if (spec.evictor !== undefined || !isDefaultTrigger(spec.trigger, timeDomain)) return { kind: "key-first" };
  switch (shape.kind) {
    case "tumbling":
      return { kind: "windows", shape };
    case "sliding": {
      const shared = shape.size > shape.slide && !keepsWindowState(spec.contents) && canJoin(spec.contents);
      return { kind: shared ? "slices" : "windows", shape };
    }
    case "session":
    case "dynamic-session":
      return { kind: "sessions" };
    case "global":
    case "custom":
      return { kind: "key-first" };
    default:
      return unreachable(shape, "window shape");
  }
}

/** Whether windows fire once, when time has passed their end. */
function isDefaultTrigger(trigger: Trigger<unknown> | undefined, domain: TimeDomain): boolean {
  return (
    trigger === undefined ||
    trigger.name === (domain === "event" ? "EventTimeTrigger" : "ProcessingTimeTrigger")
  );
}

/** Whether the window's function wants to be told when a key's window is dropped; with slices nobody would know. */
function keepsWindowState(contents: WindowContents): boolean {
  if (contents.kind === "process") return contents.fn.clear !== undefined;
  return contents.output.kind === "process" && contents.output.fn.clear !== undefined;
}

/** Whether contents of parts give those of the whole (correctness rule 14). */
function canJoin(contents: WindowContents): boolean {
  switch (contents.kind) {
    case "reduce":
      return contents.mergeable;
    case "aggregate":
      return canMerge(contents.aggregate);
    case "process":
      return false;
    default:
      return unreachable(contents, "window contents");
  }
}
