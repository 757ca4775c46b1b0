import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { WindowSpec } from "../../../graph/stream/operator-spec.ts";
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
import { windowLayout } from "./window-layout.ts";

/**
 * Makes the operator of a window, with the layout that its windows allow: tables by window for tumbling and sliding windows
 * with their default trigger, tables by slice where sliding windows' contents can be joined besides, sessions by key for
 * those with theirs, state by key and window for everything else. All of them emit the same.
 *
 * @throws MillraceError INVALID_ARGUMENT when windows merge and the trigger or the aggregate can't
 */
export function createWindowOperator(spec: WindowSpec, context: OperatorContext): Operator {
  const layout = windowLayout(spec);
  switch (layout.kind) {
    case "windows":
      return new AlignedWindowOperator(spec, context, WindowGeometry.of(layout.shape));
    case "slices":
      return createSliced(spec, context, WindowGeometry.of(layout.shape));
    case "sessions":
      return new SessionWindowOperator(spec, context);
    case "key-first":
      return createKeyFirst(spec, context);
    default:
      return unreachable(layout, "window layout");
  }
}

function createSliced(spec: WindowSpec, context: OperatorContext, geometry: WindowGeometry): Operator {
  const fold = sliceFold(spec.contents, foldOptions(context));
  if (fold === undefined) throw new MillraceError("INTERNAL", "contents that can't be joined have no slices");
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
