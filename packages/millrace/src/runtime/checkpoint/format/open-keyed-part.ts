import { MIN_WATERMARK, NO_TIMESTAMP, type Timestamp } from "../../../common/time/timestamps.ts";
import type { StateBytes } from "../../../protocol/control/snapshots.ts";
import type { CapturedEntry, StateMeta } from "../../state/captured-state.ts";
import type { StateFileReader, StateFiles } from "../storage/state-files.ts";
import { Content } from "./container/container-layout.ts";
import { ContainerReader } from "./container/container-reader.ts";
import type { KeyedPartHeader, KeyedPartReader, KeyKind, StateHeader } from "./keyed-part.ts";
import { keyKindsOf } from "./keyed/key-kinds.ts";
import { FIRST_BLOCK, PartBlocks } from "./keyed/part-blocks.ts";
import { decodePartHeader, PartBlock } from "./keyed/part-header.ts";
import { decodePartIndex, watermarkOf, type PartIndex } from "./keyed/part-index.ts";
import { RowReader } from "./keyed/row-reader.ts";
import { removalCodec } from "./keyed/state-blocks.ts";
import { StateReading } from "./keyed/state-reading.ts";

/**
 * Opens a part of keyed state; `close` it.
 *
 * @throws CHECKPOINT_CORRUPT naming file and block, CHECKPOINT_STORAGE_FAILED, RESTORE_REFUSED for another version of the format
 */
export function openKeyedPart(files: StateFiles, bytes: StateBytes): KeyedPartReader {
  const file = files.open(bytes);
  try {
    return new PartReader(file);
  } catch (error) {
    file.close();
    throw error;
  }
}

class PartReader implements KeyedPartReader {
  readonly header: KeyedPartHeader;
  readonly keyKinds: readonly KeyKind[] | undefined;
  readonly #file: StateFileReader;
  readonly #index: PartIndex;
  readonly #blocks: PartBlocks;
  readonly #readings = new Map<StateMeta | number, StateReading>();

  constructor(file: StateFileReader) {
    this.#file = file;
    const container = new ContainerReader(file, Content.KEYED_PART);
    const first = container.block(0, FIRST_BLOCK);
    if (first.type !== PartBlock.HEADER) throw container.damaged(0, FIRST_BLOCK, "it is no header");
    this.header = decodePartHeader(first.payload, (what, cause) =>
      container.damaged(0, FIRST_BLOCK, what, cause),
    );
    this.#index = decodePartIndex(container.index, (what, cause) =>
      container.damaged(container.indexNumber, container.indexOffset, what, cause),
    );
    this.keyKinds = keyKindsOf(this.#index.keyKinds);
    const { keyGroups, states } = this.header;
    const shape = { keyGroups, states: states.length };
    this.#blocks = new PartBlocks(container, shape, this.#index, first.end);
  }

  watermark(keyGroup: number): Timestamp {
    const run = this.#index.watermarks.find(({ start, end }) => start <= keyGroup && keyGroup < end);
    return run === undefined ? MIN_WATERMARK : watermarkOf(run.watermark);
  }

  size(state: number, keyGroup: number): { readonly bytes: number; readonly rows: number } {
    return this.#blocks.size(state, keyGroup);
  }

  entries(state: number, keyGroup: number, as: StateMeta | undefined): Iterable<CapturedEntry> {
    const header = this.header.states[state];
    if (header === undefined) return [];
    const blocks = this.#blocks.read(state, keyGroup, PartBlock.ROWS);
    return this.#reading(state, header, as).entries(blocks, state);
  }

  *removedNamespaces(state: number, keyGroup: number): Generator<number> {
    const rows = this.#removed(state, keyGroup, PartBlock.REMOVED_NAMESPACES);
    while (rows.next()) {
      if (typeof rows.row !== "number") throw rows.damaged("a namespace that is no number");
      yield rows.row;
    }
  }

  *removals(
    state: number,
    keyGroup: number,
  ): Generator<{ readonly key: unknown; readonly namespace: number | undefined }> {
    const rows = this.#removed(state, keyGroup, PartBlock.REMOVALS);
    while (rows.next())
      yield { key: rows.row, namespace: rows.slot === NO_TIMESTAMP ? undefined : rows.slot };
  }

  *blocks(state: number, keyGroup: number): Generator<Uint8Array> {
    for (const { payload } of this.#blocks.read(state, keyGroup, PartBlock.ROWS)) yield payload;
  }

  close(): void {
    this.#file.close();
  }

  #removed(state: number, keyGroup: number, type: number): RowReader<unknown> {
    return new RowReader(this.#blocks.read(state, keyGroup, type), removalCodec, (error, block) =>
      block.damaged(error instanceof Error ? error.message : String(error), error),
    );
  }

  #reading(state: number, header: StateHeader, as: StateMeta | undefined): StateReading {
    let reading = this.#readings.get(as ?? state);
    if (reading === undefined) {
      reading = new StateReading(this.header.operator, header, as, this.#rowsOf(state));
      this.#readings.set(as ?? state, reading);
    }
    return reading;
  }

  #rowsOf(state: number): number {
    return this.#index.blocks.reduce((sum, block) => (block.state === state ? sum + block.rows : sum), 0);
  }
}
