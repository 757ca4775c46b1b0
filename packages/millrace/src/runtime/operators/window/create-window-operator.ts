import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { Trigger } from "../../../common/windows/trigger.ts";
import type { TimeDomain } from "../../../common/windows/window-assigner.ts";
import type { WindowContents, WindowSpec } from "../../../graph/stream/operator-spec.ts";
import type { Operator, OperatorContext } from "../operator.ts";
import { AlignedWindowOperator } from "./aligned-window-operator.ts";
import { KeyFirstWindowOperator } from "./key-first-window-operator.ts";
import { unreachable } from "../../../common/errors/unreachable.ts";
import { SessionWindowOperator } from "./session-window-operator.ts";
import { isMerging } from "./merging-shapes.ts";
import { SlicedWindowOperator } from "./sliced-window-operator.ts";
import { foldOptions } from "./fold-options.ts";
import { mergingFold, sliceFold } from "./create-fold.ts";
import { WindowGeometry } from "./window-geometry.ts";

/**
 * Makes the operator of a window, with the layout that its windows allow: tables by window for tumbling and sliding windows
 * with their default trigger, tables by slice where sliding windows' contents can be joined besides, sessions by key for
 * those with theirs, state by key and window for everything else. All of them emit the same.
 *
 * @throws MillraceError INVALID_ARGUMENT when windows merge and the trigger or the aggregate can't
 */
export function createWindowOperator(spec: WindowSpec, context: OperatorContext): Operator {
  const { shape, timeDomain } = spec.assigner;
  const plain = spec.evictor === undefined && isDefaultTrigger(spec.trigger, timeDomain);
  if (!plain) return createKeyFirst(spec, context);
  switch (shape.kind) {
    case "tumbling":
      return new AlignedWindowOperator(spec, context, WindowGeometry.of(shape));
    case "sliding":
      return createSliding(spec, context, WindowGeometry.of(shape));
    case "session":
    case "dynamic-session":
      return new SessionWindowOperator(spec, context);
    case "global":
    case "custom":
      return createKeyFirst(spec, context);
    default:
      return unreachable(shape, "window shape");
  }
}

function createSliding(spec: WindowSpec, context: OperatorContext, geometry: WindowGeometry): Operator {
  const overlap = geometry.size > geometry.slide && !keepsWindowState(spec.contents);
  const fold = overlap ? sliceFold(spec.contents, foldOptions(context)) : undefined;
  if (fold === undefined) return new AlignedWindowOperator(spec, context, geometry);
  return new SlicedWindowOperator(spec, context, geometry, fold);
}

function createKeyFirst(spec: WindowSpec, context: OperatorContext): Operator {
  const { assigner, trigger, contents, evictor } = spec;
  const options = foldOptions(context);
  if (!isMerging(assigner.shape)) return new KeyFirstWindowOperator(spec, context);
  if (trigger !== undefined && trigger.onMerge === undefined) {
    throw new MillraceError(
      "INVALID_ARGUMENT",
      `${options.where} merges windows, its trigger ${trigger.name} has no onMerge`,
      { help: "Give the trigger an onMerge, or use windows that don't merge." },
    );
  }
  // With an evictor all records are kept, and lists merge.
  if (evictor === undefined) mergingFold(contents, options);
  return new KeyFirstWindowOperator(spec, context);
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
