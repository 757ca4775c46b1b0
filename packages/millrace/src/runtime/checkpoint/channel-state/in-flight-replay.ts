import type { BlockDecoder, ElementCursor, ElementKind as Kind } from "../../../common/codec/frame-codec.ts";
import { ElementKind } from "../../../common/codec/frame-codec.ts";
import type { ChannelSnapshot } from "../../../protocol/control/snapshots.ts";
import type { InFlightSink } from "../../network/in-flight-sink.ts";
import type { StateFiles } from "../storage/state-files.ts";
import type { ChannelPlace } from "./channel-place.ts";
import type { InFlightBlock } from "./in-flight-blocks.ts";
import { InFlightBlocks } from "./in-flight-blocks.ts";
import { ShareCursor } from "./share-cursor.ts";

/**
 * Records that were in flight when a checkpoint was taken, on their way to one channel's reader again, a block at a time.
 *
 * Watermarks among them count only for the very channel that they were sent on, between as many subtasks as today: another one's producer
 * may be behind them. It says its own again.
 */
export class InFlightReplay {
  readonly #parts: readonly ChannelSnapshot[];
  readonly #place: ChannelPlace;
  readonly #files: StateFiles;
  #blocks: InFlightBlocks | undefined;
  #decoder: BlockDecoder<unknown> | undefined;
  #share: ShareCursor | undefined;
  #current: InFlightBlock | undefined;

  constructor(parts: readonly ChannelSnapshot[], place: ChannelPlace, files: StateFiles) {
    this.#parts = parts;
    this.#place = place;
    this.#files = files;
  }

  /** The round of what is replayed next, or now; Infinity when it is over. @throws as InFlightBlocks.read */
  get round(): number {
    return this.#current?.round ?? this.#read().round;
  }

  /** The elements of the current block; stands where it was left. */
  get cursor(): ElementCursor<unknown> {
    return this.#current?.same === true ? this.#reading() : this.#sharing();
  }

  /** Takes the next block, unless there is a current one. @throws as InFlightBlocks.next */
  take(): void {
    if (this.#current !== undefined) return;
    const block = this.#read().next();
    if (block === undefined) return;
    this.#current = block;
    this.#sharing().watermarks = block.same;
    stand(this.#reading(), block, block.skip);
  }

  /** The current block is done. */
  release(): void {
    this.#current = undefined;
  }

  /**
   * Copies what has not been taken, and keeps it in memory: when the checkpoint that it is copied for is complete, nobody keeps the files
   * that it came from.
   */
  rest(sink: InFlightSink): void {
    const current = this.#current;
    if (current !== undefined) this.#copy(current, current.elements - this.#reading().left, sink);
    for (const block of this.#read().load()) this.#copy(block, block.skip, sink);
    sink.since(undefined);
  }

  close(): void {
    this.#blocks?.close();
  }

  #read(): InFlightBlocks {
    return (this.#blocks ??= InFlightBlocks.read(this.#parts, this.#place, this.#files));
  }

  #reading(): BlockDecoder<unknown> {
    return (this.#decoder ??= this.#place.codec().createDecoder());
  }

  #sharing(): ShareCursor {
    return (this.#share ??= new ShareCursor(this.#reading(), this.#place.belongs));
  }

  #copy(block: InFlightBlock, skip: number, sink: InFlightSink): void {
    sink.since(block.round);
    if (block.same) {
      if (skip < block.elements) sink.block(block.bytes, block.start, block.end, block.elements, skip);
      return;
    }
    const decoder = this.#place.codec().createDecoder();
    const share = new ShareCursor(decoder, this.#place.belongs);
    stand(decoder, block, skip);
    for (let kind: Kind = share.next(); kind !== ElementKind.END; kind = share.next()) {
      if (kind === ElementKind.RECORD) sink.record(share.value, share.timestamp);
      else sink.watermark(share.timestamp);
    }
  }
}

/** Lets a decoder stand behind the first `skip` elements of a block. */
function stand(decoder: BlockDecoder<unknown>, { bytes, start, end }: InFlightBlock, skip: number): void {
  decoder.reset(bytes, start, end);
  for (let i = 0; i < skip; i++) decoder.next();
}
