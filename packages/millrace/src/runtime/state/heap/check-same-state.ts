import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { describeType } from "../../../common/types/describe-type.ts";
import type { TypeInfo } from "../../../common/types/type-info.ts";
import { typesEqual } from "../../../common/types/types-equal.ts";
import type { StateMeta } from "../captured-state.ts";

/**
 * Checks that a state is used as it was registered before, or as it stands in the snapshot that was restored.
 *
 * @throws STATE_MISUSE naming what differs
 */
export function checkSameState(known: StateMeta, asked: StateMeta, where: string): void {
  const difference =
    known.layout !== asked.layout
      ? `its layout is ${known.layout}, asked for ${asked.layout}`
      : known.kind !== asked.kind
        ? `it is a ${known.kind} state, asked for a ${asked.kind} state`
        : (typeDifference("key type", known.keyType, asked.keyType) ??
          typeDifference("type", known.type, asked.type));
  if (difference === undefined) return;
  throw new MillraceError(
    "STATE_MISUSE",
    `state "${asked.name}" of ${where} is there already: ${difference}`,
    {
      help: "Give each state of an operator a name of its own.",
      details: { state: asked.name },
    },
  );
}

function typeDifference(
  what: string,
  known: TypeInfo<unknown> | undefined,
  asked: TypeInfo<unknown> | undefined,
): string | undefined {
  if (known === undefined || asked === undefined || typesEqual(known.description, asked.description))
    return undefined;
  return `its ${what} is ${describeType(known.description)}, asked for ${describeType(asked.description)}`;
}
