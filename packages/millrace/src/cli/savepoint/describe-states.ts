import type { KeyedStateHandle, StateBytes } from "../../protocol/control/snapshots.ts";
import type { KeyKind, StateHeader } from "../../runtime/checkpoint/format/keyed-part.ts";
import { openKeyedPart } from "../../runtime/checkpoint/format/open-keyed-part.ts";
import { openOperatorState } from "../../runtime/checkpoint/format/open-operator-state.ts";
import { readingFiles } from "./reading-files.ts";
import type { StateDescription } from "./savepoint-description.ts";

/** The states of an operator's keyed handles, and what kinds of values its keys are. */
export interface KeyedDescription {
  readonly states: readonly StateDescription[];
  readonly keyKinds: readonly KeyKind[];
}

interface KeyedTally {
  readonly header: StateHeader;
  rows: number;
  bytes: number;
  known: boolean;
  exact: boolean;
  readonly keyGroups: Set<number>;
}

/** Reads headers and indexes of an operator's keyed parts. @throws CHECKPOINT_CORRUPT, CHECKPOINT_STORAGE_FAILED */
export function describeKeyed(handles: readonly KeyedStateHandle[]): KeyedDescription {
  const tallies = new Map<string, KeyedTally>();
  const kinds = new Set<KeyKind>();
  for (const handle of handles) {
    const native = handle.kind === "native";
    const parts = native ? [handle.header] : handle.parts;
    for (const part of parts) addPart(part, { native, exact: parts.length === 1 }, tallies, kinds);
  }
  const states = [...tallies.values()].map(keyedState).filter(({ rows }) => rows !== 0);
  return { states, keyKinds: [...kinds].toSorted() };
}

function addPart(
  part: StateBytes,
  { native, exact }: { readonly native: boolean; readonly exact: boolean },
  tallies: Map<string, KeyedTally>,
  kinds: Set<KeyKind>,
): void {
  const reader = openKeyedPart(readingFiles, part);
  try {
    for (const kind of reader.keyKinds ?? []) kinds.add(kind);
    const { states, keyGroups } = reader.header;
    for (const [index, header] of states.entries()) {
      const key = `${header.layout} ${header.name}`;
      const before = tallies.get(key);
      // What a later part says of the state is newer.
      const tally = before === undefined ? newTally(header) : { ...before, header };
      tallies.set(key, tally);
      tally.known &&= !native;
      tally.exact &&= exact;
      for (let group = keyGroups.start; group < keyGroups.end; group++) {
        const { rows, bytes } = reader.size(index, group);
        if (rows === 0) continue;
        tally.rows += rows;
        tally.bytes += bytes;
        tally.keyGroups.add(group);
      }
    }
  } finally {
    reader.close();
  }
}

const newTally = (header: StateHeader): KeyedTally => ({
  header,
  rows: 0,
  bytes: 0,
  known: true,
  exact: true,
  keyGroups: new Set(),
});

function keyedState({ header, rows, bytes, known, exact, keyGroups }: KeyedTally): StateDescription {
  return {
    name: header.name,
    scope: "keyed",
    kind: kindOf(header),
    layout: header.layout,
    mode: null,
    ttl: header.ttl,
    keyType: header.keyType ?? null,
    type: header.type ?? null,
    rows: known ? rows : null,
    rowsExact: known && exact,
    bytes: known ? bytes : null,
    keyGroups: known ? keyGroups.size : null,
  };
}

function kindOf({ kind, layout }: StateHeader): string {
  if (kind !== undefined) return kind;
  return layout === "tables" ? "windows" : "timers";
}

/** The operator states of all subtasks. @throws CHECKPOINT_CORRUPT, CHECKPOINT_STORAGE_FAILED */
export function describeOperatorStates(parts: readonly StateBytes[]): StateDescription[] {
  const states = new Map<string, StateDescription>();
  for (const part of parts) {
    for (const { mode, header, count, bytes } of openOperatorState(readingFiles, part).states) {
      const before = states.get(header.name);
      states.set(header.name, {
        name: header.name,
        scope: "operator",
        kind: header.kind ?? "list",
        layout: null,
        mode,
        ttl: false,
        keyType: header.keyType ?? null,
        type: header.type ?? null,
        rows: (before?.rows ?? 0) + count,
        rowsExact: true,
        bytes: (before?.bytes ?? 0) + bytes,
        keyGroups: null,
      });
    }
  }
  return [...states.values()].filter(({ rows }) => rows !== 0);
}
