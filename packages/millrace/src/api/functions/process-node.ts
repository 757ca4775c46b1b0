import type { OutputRecord } from "../../common/functions/process-functions.ts";
import { isPerSubtask, type PerSubtask } from "../../common/functions/per-subtask.ts";
import type { OperatorSpec } from "../../graph/stream/operator-spec.ts";
import type { NewNode } from "../../graph/stream/stream-graph-builder.ts";
import {
  declaredOutput,
  emittingFunction,
  sideOutputTypes,
  type GivenFunction,
} from "./emitting-function.ts";

/** A node without its inputs, and the side outputs that its function declares. */
export interface ProcessNode {
  readonly node: Omit<NewNode, "inputs">;
  readonly outputs: OutputRecord;
}

/**
 * The node of a process function of whatever kind.
 *
 * @param operation for messages
 * @param required the functions that it must have
 * @param toSpec makes the spec of the function as the runtime calls it
 * @param more side outputs that the operator has besides those of the function
 */
export function processNode<F>(
  operation: string,
  given: GivenFunction | PerSubtask<GivenFunction>,
  required: readonly string[],
  toSpec: (fn: F) => OperatorSpec,
  more: OutputRecord = {},
): ProcessNode {
  const make = (fn: GivenFunction): OperatorSpec => toSpec(emittingFunction<F>(operation, fn, required));
  const first = isPerSubtask(given) ? given.create() : given;
  const outputs = { ...more, ...first.outputs };
  return {
    node: {
      spec: make(first),
      freshSpec: isPerSubtask(given) ? () => make(given.create()) : undefined,
      outputType: declaredOutput(first),
      sideOutputTypes: sideOutputTypes(operation, more, first.outputs),
    },
    outputs,
  };
}
