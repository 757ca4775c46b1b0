import { operatorUid, type OperatorUid } from "../../../common/ids/ids.ts";
import { Types } from "../../../common/types/types.ts";
import type { StateBytes } from "../../../protocol/control/snapshots.ts";
import type { CapturedState, StateMeta } from "../../state/captured-state.ts";
import type { StateFileReader, StateFiles } from "../storage/state-files.ts";
import { Content } from "./container/container-layout.ts";
import { ContainerReader } from "./container/container-reader.ts";
import { FIRST_BLOCK, PartBlocks } from "./keyed/part-blocks.ts";
import { PartBlock } from "./keyed/part-header.ts";
import { decodePartIndex } from "./keyed/part-index.ts";
import { parseStateHeader, stateHeaderFields, type Damaged } from "./keyed/state-header.ts";
import { StateReading } from "./keyed/state-reading.ts";
import type { StoredOperatorState } from "./operator-state.ts";
import { decodePlainValue } from "./plain-value.ts";

const headerType = Types.object({
  operator: Types.string,
  states: Types.array(
    Types.object({ ...stateHeaderFields, mode: Types.oneOf("split", "union", "broadcast") }),
  ),
});

/** The operator state of one subtask. */
export interface OperatorStatePart {
  readonly operator: OperatorUid;
  readonly states: readonly StoredOperatorState[];
}

/**
 * Opens what `encodeOperatorState` wrote; all bytes are read at once, elements decoded when they are asked for.
 *
 * @throws CHECKPOINT_CORRUPT naming file and block, CHECKPOINT_STORAGE_FAILED, RESTORE_REFUSED for another version of the format
 */
export function openOperatorState(files: StateFiles, bytes: StateBytes): OperatorStatePart {
  const file = files.open(bytes);
  try {
    return decode(file);
  } finally {
    file.close();
  }
}

function decode(file: StateFileReader): OperatorStatePart {
  const container = new ContainerReader(file, Content.OPERATOR_STATE);
  const damaged: Damaged = (what, cause) => container.damaged(0, FIRST_BLOCK, what, cause);
  const first = container.block(0, FIRST_BLOCK);
  if (first.type !== PartBlock.HEADER) throw damaged("it is no header");
  const header = decodePlainValue(first.payload, headerType, damaged);
  const operator = operatorUid(header.operator);
  const index = decodePartIndex(container.index, (what, cause) =>
    container.damaged(container.indexNumber, container.indexOffset, what, cause),
  );
  const blocks = new PartBlocks(
    container,
    { keyGroups: { start: 0, end: 1 }, states: header.states.length },
    index,
    first.end,
  );
  const states = header.states.map(({ mode, ...stored }, state): StoredOperatorState => {
    const stateHeader = parseStateHeader(stored, damaged);
    const { rows, bytes } = blocks.size(state, 0);
    const checked = [...blocks.read(state, 0, PartBlock.ROWS)];
    return {
      mode,
      header: stateHeader,
      count: rows,
      bytes,
      elements(as: StateMeta | undefined) {
        const [entry] = new StateReading(operator, stateHeader, as, rows).entries(checked, state);
        return entry === undefined ? [] : elementsOf(entry.value);
      },
    };
  });
  return { operator, states };
}

function elementsOf(state: CapturedState): unknown[] {
  switch (state.kind) {
    case "list":
      return Array.from(state.elements, ({ value }) => value);
    case "map":
      return Array.from(state.entries, ([key, { value }]) => [key, value]);
    default:
      return [];
  }
}
