import type { MillraceError } from "../../../../common/errors/millrace-error.ts";
import { BLOCK_PREFIX, CONTAINER_HEADER } from "../container/container-layout.ts";
import type { ContainerReader } from "../container/container-reader.ts";
import type { KeyGroupSpan } from "../../../../protocol/control/snapshots.ts";
import { PartBlock } from "./part-header.ts";
import type { PartIndex } from "./part-index.ts";

/** A block of rows whose bytes were checked. */
export interface CheckedBlock {
  readonly payload: Uint8Array;
  readonly rows: number;
  damaged(what: string, cause?: unknown): MillraceError;
}

/** Where a block stands. */
interface PlacedBlock {
  readonly number: number;
  readonly offset: number;
  readonly bytes: number;
  readonly rows: number;
  readonly type: number;
}

/** What blocks there can be. */
interface PartShape {
  readonly keyGroups: KeyGroupSpan;
  /** How many. */
  readonly states: number;
}

/** The blocks of a part, by key group and state. */
export class PartBlocks {
  readonly #container: ContainerReader;
  readonly #states: number;
  readonly #places = new Map<number, PlacedBlock[]>();

  /**
   * @param start where the first block of rows stands, behind the header's
   * @throws CHECKPOINT_CORRUPT when the index does not describe the file
   */
  constructor(container: ContainerReader, { keyGroups, states }: PartShape, index: PartIndex, start: number) {
    this.#container = container;
    this.#states = states;
    const damaged = (what: string): MillraceError =>
      container.damaged(container.indexNumber, container.indexOffset, what);
    let offset = start;
    let number = 1;
    for (const { type, keyGroup, state, rows, bytes } of index.blocks) {
      const { start: first, end } = keyGroups;
      if (
        !(
          keyGroup >= first &&
          keyGroup < end &&
          state >= 0 &&
          state < this.#states &&
          bytes >= BLOCK_PREFIX &&
          rows >= 0
        )
      )
        throw damaged(`block ${number} is said to be of state ${state} in key group ${keyGroup}`);
      this.#place(keyGroup, state, { number: number++, offset, bytes, rows, type });
      offset += bytes;
    }
    if (number !== container.indexNumber || offset !== container.indexOffset)
      throw damaged(`it tells of ${number - 1} blocks up to byte ${offset}`);
  }

  size(state: number, keyGroup: number): { readonly bytes: number; readonly rows: number } {
    let bytes = 0;
    let rows = 0;
    for (const block of this.#of(state, keyGroup)) {
      if (block.type !== PartBlock.ROWS) continue;
      bytes += block.bytes;
      rows += block.rows;
    }
    return { bytes, rows };
  }

  /** Reads the blocks of this type, one by one. @throws CHECKPOINT_CORRUPT */
  *read(state: number, keyGroup: number, type: number): Generator<CheckedBlock> {
    const container = this.#container;
    for (const place of this.#of(state, keyGroup)) {
      if (place.type !== type) continue;
      const damaged = (what: string, cause?: unknown): MillraceError =>
        container.damaged(place.number, place.offset, what, cause);
      const block = container.block(place.number, place.offset);
      if (block.type !== type || block.end !== place.offset + place.bytes)
        throw damaged("it is another block than the index says");
      yield { payload: block.payload, rows: place.rows, damaged };
    }
  }

  #of(state: number, keyGroup: number): readonly PlacedBlock[] {
    return this.#places.get(keyGroup * this.#states + state) ?? [];
  }

  #place(keyGroup: number, state: number, block: PlacedBlock): void {
    const at = keyGroup * this.#states + state;
    const blocks = this.#places.get(at);
    if (blocks === undefined) this.#places.set(at, [block]);
    else blocks.push(block);
  }
}

/** Where a part's first block, its header, stands. */
export const FIRST_BLOCK = CONTAINER_HEADER;
