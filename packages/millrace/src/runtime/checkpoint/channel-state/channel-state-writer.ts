import type { BlockEncoder } from "../../../common/codec/frame-codec.ts";
import type { Timestamp } from "../../../common/time/timestamps.ts";
import type { ChannelSnapshot, StateBytes } from "../../../protocol/control/snapshots.ts";
import type { InFlightSink } from "../../network/in-flight-sink.ts";
import { Content } from "../format/container/container-layout.ts";
import { ContainerWriter } from "../format/container/container-writer.ts";
import type { StateFiles, StateFileWriter } from "../storage/state-files.ts";
import type { ChannelPlace } from "./channel-place.ts";
import { ChannelBlock, ELEMENTS_PREFIX, encodeChannelStateIndex, roundOf } from "./channel-state-format.ts";

/** Bytes of a block of elements that come one by one. */
const BLOCK_BYTES = 32 * 1024;

/**
 * Writes what a barrier has overtaken in one channel, on one side of it, as blocks under checksums; `docs/formats/channel-state.md` draws
 * them. Blocks of the edge's codec are copied as they are. Of a channel without elements nothing is written.
 */
export class ChannelStateWriter implements InFlightSink {
  /** What was written, after `end`; undefined: nothing. Rejects with what went wrong first. */
  readonly done: Promise<ChannelSnapshot | undefined>;
  readonly #place: ChannelPlace;
  readonly #side: ChannelSnapshot["side"];
  readonly #files: StateFiles;
  readonly #settle: PromiseWithResolvers<ChannelSnapshot | undefined>;
  #file: StateFileWriter | undefined;
  #container: ContainerWriter | undefined;
  #elements = 0;
  readonly #ownRound: number;
  #round: number;
  readonly #rounds: { readonly round: number; blocks: number }[] = [];
  #encoder: BlockEncoder<unknown> | undefined;
  /** The block under construction, of elements that come one by one. */
  #open: Uint8Array | undefined;
  #over = false;

  constructor(place: ChannelPlace, side: ChannelSnapshot["side"], checkpointId: number, files: StateFiles) {
    this.#place = place;
    this.#side = side;
    this.#files = files;
    this.#ownRound = roundOf(checkpointId, side);
    this.#round = this.#ownRound;
    this.#settle = Promise.withResolvers();
    this.done = this.#settle.promise;
    // Whoever waits for it hears of it; given up, nobody does.
    this.done.catch(() => {});
  }

  /** Whether nothing more comes. */
  get over(): boolean {
    return this.#over;
  }

  block(bytes: Uint8Array, start: number, end: number, elements: number, skip: number): void {
    this.#guard(() => {
      this.#close();
      this.#write(bytes.subarray(start, end), elements, skip);
    });
  }

  record(value: unknown, timestamp: Timestamp): void {
    this.#guard(() => this.#element((encoder) => encoder.writeRecord(value, timestamp)));
  }

  watermark(watermark: Timestamp): void {
    this.#guard(() => this.#element((encoder) => encoder.writeWatermark(watermark)));
  }

  since(round: number | undefined): void {
    this.#guard(() => this.#close());
    this.#round = round ?? this.#ownRound;
  }

  end(): void {
    this.#guard(() => {
      this.#close();
      this.#over = true;
      if (this.#container === undefined) this.#settle.resolve(undefined);
      else this.#finish(this.#container).then(this.#settle.resolve, this.#settle.reject);
    });
  }

  /** Gives up, and removes what was written. `done` says nothing any more, if it has not yet. */
  abort(): void {
    this.#over = true;
    this.#open = undefined;
    void this.#file?.abort();
  }

  #element(write: (encoder: BlockEncoder<unknown>) => boolean): void {
    this.#encoder ??= this.#place.codec().createEncoder();
    if (this.#open !== undefined && write(this.#encoder)) return;
    this.#close();
    this.#open = Buffer.allocUnsafeSlow(BLOCK_BYTES);
    this.#encoder.begin(this.#open, 0, BLOCK_BYTES);
    write(this.#encoder);
  }

  /** Ends the block under construction. */
  #close(): void {
    const encoder = this.#encoder;
    if (this.#open === undefined || encoder === undefined) return;
    const block = this.#open;
    this.#open = undefined;
    const { count } = encoder;
    const length = encoder.finish();
    if (count > 0) this.#write(length < 0 ? encoder.overflow! : block.subarray(0, length), count, 0);
  }

  #write(block: Uint8Array, elements: number, skip: number): void {
    if (this.#container === undefined) {
      const { targetUid, targetInput, producerSubtask, consumerSubtask } = this.#place;
      this.#file = this.#files.create(
        `${targetUid}-${targetInput}-${producerSubtask}-${consumerSubtask}-${this.#side}`,
      );
      this.#container = new ContainerWriter(this.#file, Content.CHANNEL_STATE);
    }
    const payload = Buffer.allocUnsafe(ELEMENTS_PREFIX + block.length);
    payload.writeUInt32LE(elements, 0);
    payload.writeUInt32LE(skip, 4);
    payload.set(block, ELEMENTS_PREFIX);
    this.#container.block(ChannelBlock.ELEMENTS, payload);
    this.#elements += elements - skip;
    const last = this.#rounds.at(-1);
    if (last?.round === this.#round) last.blocks++;
    else this.#rounds.push({ round: this.#round, blocks: 1 });
  }

  async #finish(container: ContainerWriter): Promise<ChannelSnapshot> {
    const { sourceUid, sideOutput, targetUid, targetInput, producerSubtask, consumerSubtask } = this.#place;
    const { producers, consumers, type } = this.#place;
    const identity = { sourceUid, sideOutput, targetUid, targetInput, producerSubtask, consumerSubtask };
    const [side, elements, rounds] = [this.#side, this.#elements, this.#rounds];
    container.finish(
      encodeChannelStateIndex({ ...identity, side, producers, consumers, type, elements, rounds }),
    );
    const bytes = await (this.#file as { close(): Promise<StateBytes> }).close();
    return { ...identity, side, records: elements, bytes };
  }

  /** What goes wrong is told by `done`, and ends it. */
  #guard(work: () => void): void {
    if (this.#over) return;
    try {
      work();
    } catch (error) {
      this.abort();
      this.#settle.reject(error);
    }
  }
}
