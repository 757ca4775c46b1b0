import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { StateDescriptor } from "../../../common/state/state.ts";

/**
 * The name of a state that doesn't stand in a `state: { ... }` record.
 * @throws MillraceError STATE_MISUSE where it has none
 */
export function stateName(descriptor: StateDescriptor): string {
  if (descriptor.name !== undefined) return descriptor.name;
  throw new MillraceError("STATE_MISUSE", `a ${descriptor.kind} state needs a name`, {
    help: 'Give it one: `{ name: "..." }` where the descriptor is made.',
  });
}
