import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { Trigger } from "../../../common/windows/trigger.ts";
import type { TimeDomain } from "../../../common/windows/window-assigner.ts";
import type { WindowContents, WindowSpec } from "../../../graph/stream/operator-spec.ts";
import type { Operator, OperatorContext } from "../operator.ts";
import { AlignedWindowOperator } from "./aligned-window-operator.ts";
import { KeyFirstWindowOperator } from "./key-first-window-operator.ts";
import { isMerging } from "./merging-shapes.ts";
import { SlicedWindowOperator } from "./sliced-window-operator.ts";
import { mergeableFold } from "./window-fold.ts";
import { WindowGeometry } from "./window-geometry.ts";

/**
 * Makes the operator of a window, with the layout that its windows allow: tables by window for tumbling and sliding windows
 * with their default trigger, tables by slice where sliding windows' contents can be joined besides, state by key and
 * window for everything else. All three emit the same.
 *
 * @throws MillraceError INVALID_ARGUMENT when windows merge and the trigger or the aggregate can't
 */
export function createWindowOperator(spec: WindowSpec, context: OperatorContext): Operator {
  const geometry = WindowGeometry.of(spec.assigner.shape);
  const plain = spec.evictor === undefined && isDefaultTrigger(spec.trigger, spec.assigner.timeDomain);
  if (geometry === undefined || !plain) {
    if (isMerging(spec.assigner.shape)) checkMerging(spec, context);
    return new KeyFirstWindowOperator(spec, context);
  }
  const fold =
    geometry.size > geometry.slide && !keepsWindowState(spec.contents)
      ? mergeableFold(spec.contents)
      : undefined;
  if (fold === undefined) return new AlignedWindowOperator(spec, context, geometry);
  return new SlicedWindowOperator(spec, context, geometry, fold);
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

function checkMerging(spec: WindowSpec, context: OperatorContext): void {
  const where = `the window operator "${context.runtime.operatorName}"`;
  if (spec.trigger !== undefined && spec.trigger.onMerge === undefined) {
    throw new MillraceError(
      "INVALID_ARGUMENT",
      `${where} merges windows, its trigger ${spec.trigger.name} has no onMerge`,
      {
        help: "Give the trigger an onMerge, or use windows that don't merge.",
      },
    );
  }
  const { contents, evictor } = spec;
  if (contents.kind === "aggregate" && evictor === undefined && contents.aggregate.merge === undefined) {
    throw new MillraceError("INVALID_ARGUMENT", `${where} merges windows, its aggregate has no merge`, {
      help: "Give the aggregate function a merge(a, b).",
    });
  }
}
