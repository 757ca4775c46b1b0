import type { OperatorUid } from "../../../common/ids/ids.ts";
import type { CapturedElement, CapturedState } from "../../state/captured-state.ts";
import { ByteList } from "./container/byte-list.ts";
import { Content } from "./container/container-layout.ts";
import { ContainerWriter } from "./container/container-writer.ts";
import { PartBlock } from "./keyed/part-header.ts";
import { encodePartIndex, type IndexedBlock } from "./keyed/part-index.ts";
import { stateHeader } from "./keyed/state-header.ts";
import { StateRowWriter } from "./keyed/state-row-writer.ts";
import type { OperatorStateEntry } from "./operator-state.ts";
import { encodePlainValue } from "./plain-value.ts";

/**
 * Encodes the operator state of one subtask, each element by itself.
 *
 * @example
 * ```ts
 * const offsets = operatorStateMeta("offsets", "list", Types.int);
 * encodeOperatorState(uid, [{ mode: "split", meta: offsets, elements: [1, 2, 3] }]);
 * ```
 * @throws RECORD_TYPE_MISMATCH naming the state and what does not fit its type
 */
export function encodeOperatorState(
  operator: OperatorUid,
  entries: readonly OperatorStateEntry[],
): Uint8Array<ArrayBuffer> {
  const sink = new ByteList();
  const container = new ContainerWriter(sink, Content.OPERATOR_STATE);
  const states = entries.map(({ mode, meta }) => ({ ...stateHeader(meta), mode }));
  container.block(PartBlock.HEADER, encodePlainValue({ operator, states }));
  const blocks: IndexedBlock[] = [];
  entries.forEach(({ meta, elements }, state) => {
    const rows = new StateRowWriter(meta, (payload, rows) => {
      const bytes = container.block(PartBlock.ROWS, payload);
      blocks.push({ type: PartBlock.ROWS, keyGroup: 0, state, rows, bytes });
    });
    // There is one entry, whose key does not matter.
    rows.write({ key: null, state, namespace: undefined, value: captured(meta.kind, elements) }, false);
    rows.flush();
  });
  container.finish(encodePartIndex({ watermarks: [], blocks, keyKinds: 0 }));
  return sink.join();
}

function captured(kind: string | undefined, elements: Iterable<unknown>): CapturedState {
  return kind === "map"
    ? { kind: "map", entries: pairs(elements as Iterable<readonly [unknown, unknown]>) }
    : { kind: "list", elements: values(elements) };
}

function* values(elements: Iterable<unknown>): Generator<CapturedElement> {
  for (const value of elements) yield element(value);
}

function* pairs(
  entries: Iterable<readonly [unknown, unknown]>,
): Generator<readonly [key: unknown, element: CapturedElement]> {
  for (const [key, value] of entries) yield [key, element(value)];
}

function element(value: unknown): CapturedElement {
  return { kind: "element", value, time: undefined };
}
