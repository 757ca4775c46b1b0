import { closest } from "../../common/errors/did-you-mean.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import type {
  CheckpointMetadata,
  OperatorMetadata,
} from "../../runtime/checkpoint/format/checkpoint-metadata.ts";
import { decodeCoordinatorState } from "../../runtime/checkpoint/format/coordinator-state.ts";
import { openOperatorState } from "../../runtime/checkpoint/format/open-operator-state.ts";
import { describeKeyed, describeOperatorStates } from "./describe-states.ts";
import { entryLines, jsonValue } from "./entry-json.ts";
import { readEntries } from "./read-entries.ts";
import { readingFiles } from "./reading-files.ts";

/** What sources have besides: where their readers stood, and what their enumerator knew. */
const SPLITS = "splits";
const ENUMERATOR = "enumerator";

/**
 * The entries of a state as JSON lines, read as they are asked for.
 *
 * @param address `<uid>/<state>`; the operator's name does for its uid
 * @throws MillraceError INVALID_ARGUMENT where there is no such state; CHECKPOINT_CORRUPT naming file and block
 */
export function* readState(metadata: CheckpointMetadata, address: string): Generator<string> {
  const { operator, state } = find(metadata, address);
  yield* keyedLines(operator, state);
  for (const [subtask, { operatorState, splits }] of operator.subtasks.entries()) {
    if (operatorState !== undefined) {
      for (const stored of openOperatorState(readingFiles, operatorState).states) {
        if (stored.header.name !== state) continue;
        for (const element of stored.elements(undefined)) yield operatorLine(subtask, stored.mode, element);
      }
    }
    if (state === SPLITS)
      for (const split of splits ?? []) yield JSON.stringify({ subtask, split: jsonValue(split) });
  }
  if (state === ENUMERATOR && operator.coordinator !== undefined) {
    const value = decodeCoordinatorState(readingFiles, operator.coordinator);
    yield JSON.stringify({ enumerator: jsonValue(value) });
  }
}

function* keyedLines({ name, uid, subtasks }: OperatorMetadata, state: string): Generator<string> {
  for (const { keyed } of subtasks) {
    if (keyed === undefined) continue;
    if (keyed.kind === "native") {
      if (!describeKeyed([keyed]).states.some((each) => each.name === state)) continue;
      throw new MillraceError(
        "INVALID_ARGUMENT",
        `state "${state}" of operator "${name}" (uid "${uid}") stands in files of ${keyed.backend}, which only it reads`,
        { help: "Start the job from this checkpoint and take a savepoint: what it holds everybody reads." },
      );
    }
    for (const { keyGroup, entry } of readEntries(keyed, (header) => header.name === state))
      yield* entryLines(entry, keyGroup);
  }
}

function operatorLine(subtask: number, mode: string, element: unknown): string {
  if (mode !== "broadcast") return JSON.stringify({ subtask, value: jsonValue(element) });
  const [key, value] = element as readonly [unknown, unknown];
  return JSON.stringify({ subtask, key: jsonValue(key), value: jsonValue(value) });
}

function find(
  { operators }: CheckpointMetadata,
  address: string,
): { readonly operator: OperatorMetadata; readonly state: string } {
  // Uids and names may have slashes of their own.
  for (const names of [(each: OperatorMetadata) => each.uid, (each: OperatorMetadata) => each.name]) {
    for (const operator of operators) {
      if (!address.startsWith(`${names(operator)}/`)) continue;
      const state = address.slice(names(operator).length + 1);
      if (statesOf(operator).includes(state)) return { operator, state };
    }
  }
  const known = operators.flatMap((operator) =>
    statesOf(operator).map((state) => `${operator.uid}/${state}`),
  );
  const meant = closest(address, known);
  throw new MillraceError("INVALID_ARGUMENT", `there is no state "${address}" in it`, {
    help: [
      ...(meant === undefined ? [] : [`Did you mean ${meant}?`]),
      known.length === 0 ? "It has no state at all." : `It has ${known.join(", ")}.`,
    ].join(" "),
  });
}

function statesOf(operator: OperatorMetadata): string[] {
  const { subtasks, coordinator } = operator;
  const keyed = describeKeyed(subtasks.flatMap((subtask) => subtask.keyed ?? [])).states;
  const own = describeOperatorStates(subtasks.flatMap(({ operatorState }) => operatorState ?? []));
  return [
    ...new Set([...keyed, ...own].map(({ name }) => name)),
    ...(subtasks.some(({ splits }) => splits !== undefined && splits.length > 0) ? [SPLITS] : []),
    ...(coordinator === undefined ? [] : [ENUMERATOR]),
  ];
}
