import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { describeType } from "../../../common/types/describe-type.ts";
import type { TypeDescription } from "../../../common/types/type-description.ts";
import { typesEqual } from "../../../common/types/types-equal.ts";
import { CONTAINER_HEADER, Content } from "../format/container/container-layout.ts";
import { ContainerReader } from "../format/container/container-reader.ts";
import type { StateFileReader } from "../storage/state-files.ts";
import type { ChannelPlace } from "./channel-place.ts";
import type { ChannelStateIndex } from "./channel-state-format.ts";
import { ChannelBlock, ELEMENTS_PREFIX, decodeChannelStateIndex } from "./channel-state-format.ts";

/** Between two blocks of a channel state. */
export interface ChannelStatePosition {
  readonly number: number;
  readonly offset: number;
}

/** Some elements of a channel state: the frame block in `bytes[start, end)` but its first `skip` elements. */
export interface ElementsBlock {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly elements: number;
  readonly skip: number;
  /** Behind it. */
  readonly next: ChannelStatePosition;
}

/** Reads what a ChannelStateWriter wrote, block by block. What it gives out was checked. */
export class ChannelStateReader {
  static readonly START: ChannelStatePosition = { number: 0, offset: CONTAINER_HEADER };
  readonly index: ChannelStateIndex;
  readonly #file: StateFileReader;
  readonly #container: ContainerReader;

  /** @throws CHECKPOINT_CORRUPT, CHECKPOINT_STORAGE_FAILED, RESTORE_REFUSED; the caller's file is closed then */
  constructor(file: StateFileReader) {
    this.#file = file;
    try {
      this.#container = new ContainerReader(file, Content.CHANNEL_STATE);
      const { index, indexNumber, indexOffset } = this.#container;
      const damaged = (what: string, cause?: unknown): MillraceError =>
        this.#container.damaged(indexNumber, indexOffset, what, cause);
      this.index = decodeChannelStateIndex(index, damaged);
      const blocks = this.index.rounds.reduce((sum, run) => sum + run.blocks, 0);
      if (blocks !== indexNumber) throw damaged(`it tells of ${blocks} blocks, and has ${indexNumber}`);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** The block at a position; undefined behind the last. */
  block({ number, offset }: ChannelStatePosition): ElementsBlock | undefined {
    if (number === this.#container.indexNumber) return undefined;
    const { type, payload, end } = this.#container.block(number, offset);
    if (type !== ChannelBlock.ELEMENTS || payload.length < ELEMENTS_PREFIX)
      throw this.#container.damaged(number, offset, `it is no block of elements (type ${type})`);
    const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
    const elements = view.getUint32(0, true);
    const skip = view.getUint32(4, true);
    if (skip > elements)
      throw this.#container.damaged(number, offset, `${skip} of ${elements} elements are to be skipped`);
    const next = { number: number + 1, offset: end };
    return { bytes: payload, start: ELEMENTS_PREFIX, end: payload.length, elements, skip, next };
  }

  close(): void {
    this.#file.close();
  }
}

/** Refuses records that were written as another type than the edge has today. @throws RESTORE_REFUSED */
export function checkRecordType(index: ChannelStateIndex, place: ChannelPlace, file: string): void {
  const { type: stored } = index;
  const { type: today } = place;
  const same = stored === undefined || today === undefined ? stored === today : typesEqual(stored, today);
  if (same) return;
  throw new MillraceError(
    "RESTORE_REFUSED",
    `${file}: records on their way from operator "${place.sourceUid}" to "${place.targetUid}" were written as ${named(stored)}, and the edge has ${named(today)} now`,
    {
      help: "Records that an unaligned checkpoint overtook are not migrated. Start the unchanged job from it, take a savepoint, and start the changed job from that.",
      details: { file, source: place.sourceUid, target: place.targetUid },
    },
  );
}

const named = (type: TypeDescription | undefined): string =>
  type === undefined ? "records without a declared type" : describeType(type);
