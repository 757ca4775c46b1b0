import { createFrameCodec } from "../../../common/codec/create-frame-codec.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { NO_TIMESTAMP, type Timestamp } from "../../../common/time/timestamps.ts";
import { Types } from "../../../common/types/types.ts";
import type { StateBytes } from "../../../protocol/control/snapshots.ts";
import type { CapturedEntry, StateMeta } from "../../state/captured-state.ts";
import type { StateFiles, StateFileWriter } from "../storage/state-files.ts";
import { Content } from "./container/container-layout.ts";
import { ContainerWriter } from "./container/container-writer.ts";
import type { KeyedPartHeader, KeyedPartWriter, KeyKind } from "./keyed-part.ts";
import { keyKindBit, keyKindBits } from "./keyed/key-kinds.ts";
import { encodePartHeader, PartBlock } from "./keyed/part-header.ts";
import {
  encodePartIndex,
  storedWatermark,
  type IndexedBlock,
  type WatermarkRun,
} from "./keyed/part-index.ts";
import { RowBlocks } from "./keyed/row-blocks.ts";
import { stateHeader } from "./keyed/state-header.ts";
import { StateRowWriter } from "./keyed/state-row-writer.ts";

const removalCodec = createFrameCodec<unknown>(Types.any, {
  unique: "checkpoint/removals",
  generate: false,
});

/** What a part of one state has open. */
interface StateSlot {
  readonly meta: StateMeta;
  rows: StateRowWriter | undefined;
  removals: RowBlocks<unknown> | undefined;
  removedNamespaces: RowBlocks<unknown> | undefined;
}

/**
 * Writes a part of keyed state.
 *
 * The code that encodes a state's rows is kept with its StateMeta: give the same object at each snapshot. States that were read without
 * their program have `stateMetaOf`.
 *
 * @param states those of the entries, by index
 * @param label makes the file's name readable
 * @throws INVALID_TYPE when a state's types can't stand in one row
 */
export function createKeyedPartWriter(
  files: StateFiles,
  header: Omit<KeyedPartHeader, "states">,
  states: readonly StateMeta[],
  label: string,
): KeyedPartWriter {
  return new PartWriter(files.create(label), { ...header, states: states.map(stateHeader) }, states);
}

class PartWriter implements KeyedPartWriter {
  readonly #file: StateFileWriter;
  readonly #container: ContainerWriter;
  readonly #header: KeyedPartHeader;
  readonly #states: readonly StateSlot[];
  readonly #blocks: IndexedBlock[] = [];
  readonly #watermarks: WatermarkRun[] = [];
  #keyGroup = -1;
  #keyKinds = 0;

  constructor(file: StateFileWriter, header: KeyedPartHeader, states: readonly StateMeta[]) {
    this.#file = file;
    this.#header = header;
    this.#states = states.map((meta) => ({
      meta,
      rows: undefined,
      removals: undefined,
      removedNamespaces: undefined,
    }));
    this.#container = new ContainerWriter(file, Content.KEYED_PART);
    this.#container.block(PartBlock.HEADER, encodePartHeader(header));
  }

  get position(): number {
    return this.#file.position;
  }

  get backlog(): number {
    return this.#file.backlog;
  }

  drained(): Promise<void> {
    return this.#file.drained();
  }

  keyGroup(keyGroup: number, watermark: Timestamp): void {
    const { start, end } = this.#header.keyGroups;
    if (!(keyGroup > this.#keyGroup && keyGroup >= start && keyGroup < end))
      throw misuse(`key group ${keyGroup} after ${this.#keyGroup} in a part of ${start} to ${end}`);
    this.#flush();
    this.#keyGroup = keyGroup;
    const stored = storedWatermark(watermark);
    const last = this.#watermarks.at(-1);
    if (last?.end === keyGroup && last.watermark === stored) last.end = keyGroup + 1;
    else this.#watermarks.push({ start: keyGroup, end: keyGroup + 1, watermark: stored });
  }

  entry(entry: CapturedEntry, continued = false): void {
    this.#keyKinds |= keyKindBit(entry.key);
    const nothing = !this.#rowsOf(entry.state).write(entry, continued);
    if (nothing && this.#header.content === "changes") this.removed(entry.state, entry.key, entry.namespace);
  }

  removed(state: number, key: unknown, namespace: number | undefined): void {
    const slot = this.#slot(state);
    slot.removals ??= this.#removalBlocks(state, PartBlock.REMOVALS);
    slot.removals.write(key, namespace ?? NO_TIMESTAMP);
  }

  removedNamespace(state: number, namespace: number): void {
    const slot = this.#slot(state);
    slot.removedNamespaces ??= this.#removalBlocks(state, PartBlock.REMOVED_NAMESPACES);
    slot.removedNamespaces.write(namespace, NO_TIMESTAMP);
  }

  raw(state: number, block: Uint8Array, keyKinds?: readonly KeyKind[]): void {
    this.#keyKinds |= keyKindBits(keyKinds);
    this.#slot(state).rows?.flush();
    const rows = new DataView(block.buffer, block.byteOffset).getUint32(4, true);
    this.#emit(state, block, rows, PartBlock.ROWS);
  }

  keyKinds(kinds: readonly KeyKind[] | undefined): void {
    this.#keyKinds |= keyKindBits(kinds);
  }

  finish(): Promise<StateBytes> {
    this.#flush();
    const index = { watermarks: this.#watermarks, blocks: this.#blocks, keyKinds: this.#keyKinds };
    this.#container.finish(encodePartIndex(index));
    return this.#file.close();
  }

  abort(): Promise<void> {
    return this.#file.abort();
  }

  #rowsOf(state: number): StateRowWriter {
    const slot = this.#slot(state);
    slot.rows ??= new StateRowWriter(slot.meta, (payload, rows) =>
      this.#emit(state, payload, rows, PartBlock.ROWS),
    );
    return slot.rows;
  }

  #removalBlocks(state: number, type: number): RowBlocks<unknown> {
    if (this.#header.content !== "changes")
      throw misuse(`a removal in a part that is ${this.#header.content}`);
    return new RowBlocks(removalCodec, (payload, rows) => this.#emit(state, payload, rows, type));
  }

  #slot(state: number): StateSlot {
    const slot = this.#states[state];
    if (slot === undefined) throw misuse(`state ${state} of ${this.#states.length}`);
    return slot;
  }

  #emit(state: number, payload: Uint8Array, rows: number, type: number): void {
    if (this.#keyGroup < 0 || this.#header.content === "header")
      throw misuse(`rows of key group ${this.#keyGroup} in a part that is ${this.#header.content}`);
    const bytes = this.#container.block(type, payload);
    this.#blocks.push({ type, keyGroup: this.#keyGroup, state, rows, bytes });
  }

  #flush(): void {
    for (const { rows, removals, removedNamespaces } of this.#states) {
      removedNamespaces?.flush();
      removals?.flush();
      rows?.flush();
    }
  }
}

function misuse(what: string): MillraceError {
  return new MillraceError("INTERNAL", `keyed state is written wrongly: ${what}`);
}
