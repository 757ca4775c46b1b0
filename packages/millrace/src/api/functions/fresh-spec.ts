import { isPerSubtask, type PerSubtask } from "../../common/functions/per-subtask.ts";
import type { OperatorSpec } from "../../graph/stream/operator-spec.ts";

/** The spec of a function, and how to make it anew where the function came as a factory. */
export interface SpecWithFactory {
  readonly spec: OperatorSpec;
  readonly freshSpec: (() => OperatorSpec) | undefined;
}

/** Makes a spec of a function or of what its factory makes. */
export const specOf = <F extends object>(
  given: F | PerSubtask<F>,
  make: (fn: F) => OperatorSpec,
): SpecWithFactory =>
  isPerSubtask(given)
    ? { spec: make(given.create()), freshSpec: () => make(given.create()) }
    : { spec: make(given), freshSpec: undefined };
