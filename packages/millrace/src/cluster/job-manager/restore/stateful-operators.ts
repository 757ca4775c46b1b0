import type { OperatorSpec } from "../../../graph/stream/operator-spec.ts";
import type { OperatorMetadata } from "../../../runtime/checkpoint/format/checkpoint-metadata.ts";
import { declaredStates } from "./declared-states.ts";
import type { StoredStates } from "./stored-states.ts";

/**
 * Whether a savepoint has state of an operator.
 * @param stored its states, where they were read: keyed parts may hold nothing but watermarks
 */
export function hasState(operator: OperatorMetadata, stored: StoredStates | undefined): boolean {
  // How far it had come with event time: nobody misses that when the operator is gone.
  if (operator.kind === "watermarks") return false;
  if (operator.coordinator !== undefined) return true;
  if (operator.subtasks.some(({ splits }) => splits !== undefined && splits.length > 0)) return true;
  if (stored !== undefined) return stored.keyed.length > 0 || stored.operator.length > 0;
  return operator.subtasks.some(
    ({ keyed, operatorState }) => keyed !== undefined || operatorState !== undefined,
  );
}

/** Whether an operator may have state: of most it is known, some ask for it when they start. */
export function canHaveState(spec: OperatorSpec): boolean {
  if (spec.kind === "source") return true;
  const { keyed, operator, more } = declaredStates(spec);
  return keyed.length > 0 || operator.length > 0 || (more && spec.kind !== "sink");
}
