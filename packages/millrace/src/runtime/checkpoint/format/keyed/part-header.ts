import { operatorUid } from "../../../../common/ids/ids.ts";
import { MAX_MAX_PARALLELISM } from "../../../../common/keys/key-groups.ts";
import { Types } from "../../../../common/types/types.ts";
import type { KeyedPartHeader } from "../keyed-part.ts";
import { decodePlainValue, encodePlainValue } from "../plain-value.ts";
import { parseStateHeader, stateHeaderType, type Damaged } from "./state-header.ts";

/** The types of a part's blocks. Never renumber. */
export const PartBlock = { HEADER: 1, ROWS: 2, REMOVALS: 3, REMOVED_NAMESPACES: 4 } as const;

const partHeaderType = Types.object({
  operator: Types.string,
  maxParallelism: Types.int,
  keyHashVersion: Types.int,
  keyGroups: Types.object({ start: Types.int, end: Types.int }),
  content: Types.oneOf("full", "changes", "header"),
  states: Types.array(stateHeaderType),
});

export function encodePartHeader(header: KeyedPartHeader): Uint8Array {
  return encodePlainValue(header);
}

export function decodePartHeader(bytes: Uint8Array, damaged: Damaged): KeyedPartHeader {
  const stored = decodePlainValue(bytes, partHeaderType, damaged);
  const { maxParallelism, keyGroups } = stored;
  const inOrder = 0 <= keyGroups.start && keyGroups.start <= keyGroups.end && keyGroups.end <= maxParallelism;
  if (!inOrder || maxParallelism > MAX_MAX_PARALLELISM)
    throw damaged(`key groups ${keyGroups.start} to ${keyGroups.end} of ${maxParallelism} can't be`);
  return {
    ...stored,
    operator: operatorUid(stored.operator),
    states: stored.states.map((state) => parseStateHeader(state, damaged)),
  };
}
