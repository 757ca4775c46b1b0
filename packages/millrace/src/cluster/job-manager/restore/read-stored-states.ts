import type { OperatorUid } from "../../../common/ids/ids.ts";
import type { KeyedStateHandle, StateBytes } from "../../../protocol/control/snapshots.ts";
import type { CheckpointMetadata } from "../../../runtime/checkpoint/format/checkpoint-metadata.ts";
import type { StateHeader } from "../../../runtime/checkpoint/format/keyed-part.ts";
import { openKeyedPart } from "../../../runtime/checkpoint/format/open-keyed-part.ts";
import { openOperatorState } from "../../../runtime/checkpoint/format/open-operator-state.ts";
import { createStateFiles } from "../../../runtime/checkpoint/storage/create-state-files.ts";
import type { StateFiles } from "../../../runtime/checkpoint/storage/state-files.ts";
import type { StoredOperatorState, StoredStates, StoredStatesByUid } from "./stored-states.ts";

/** Files are only read. */
const READING: StateFiles = createStateFiles({ directory: undefined, inlineThreshold: 0 });

/**
 * Reads what a checkpoint's parts say of the states in them, from their headers and indexes: no state itself. States without a row are
 * left out, operators without a state stand there with none.
 *
 * @throws CHECKPOINT_CORRUPT naming the file, CHECKPOINT_STORAGE_FAILED
 */
export function readStoredStates(metadata: Pick<CheckpointMetadata, "operators">): StoredStatesByUid {
  return new Map(
    metadata.operators.map(({ uid, subtasks }): readonly [OperatorUid, StoredStates] => [
      uid,
      {
        keyed: keyedStates(subtasks.flatMap(({ keyed }) => keyed ?? [])),
        operator: operatorStates(subtasks.flatMap(({ operatorState }) => operatorState ?? [])),
      },
    ]),
  );
}

/** A later part may declare a state in another way than an earlier one: the last word counts. */
function keyedStates(handles: readonly KeyedStateHandle[]): StateHeader[] {
  const states = new Map<string, StateHeader>();
  for (const handle of handles) {
    const parts = handle.kind === "canonical" ? handle.parts : [handle.header];
    for (const part of parts) {
      // Files of a backend's own are counted by nobody: what their header names is taken to be there.
      for (const state of statesOf(part, handle.kind === "native"))
        states.set(`${state.layout} ${state.name}`, state);
    }
  }
  return [...states.values()];
}

function operatorStates(parts: readonly StateBytes[]): StoredOperatorState[] {
  const states = new Map<string, StoredOperatorState>();
  for (const part of parts) {
    for (const { mode, header, count } of openOperatorState(READING, part).states) {
      if (count === 0) continue;
      states.set(header.name, { name: header.name, mode, keyType: header.keyType, type: header.type });
    }
  }
  return [...states.values()];
}

function statesOf(part: StateBytes, all: boolean): StateHeader[] {
  const reader = openKeyedPart(READING, part);
  try {
    const { states, keyGroups } = reader.header;
    return states.filter((_, state) => {
      if (all) return true;
      for (let group = keyGroups.start; group < keyGroups.end; group++)
        if (reader.size(state, group).rows > 0) return true;
      return false;
    });
  } finally {
    reader.close();
  }
}
