import type { Buffer } from "node:buffer";
import { violation } from "../../../protocol/data/message-header.ts";
import {
  FRAME_HEADER_BYTES,
  FrameKind,
  emptyFrameHeader,
  readFrameHeader,
  writeFrameHeader,
} from "../../../protocol/frame-header.ts";
import type { FrameHeader, FrameLimits } from "../../../protocol/frame-header.ts";
import type { Overtaking } from "../ring/barrier-words.ts";
import type { ProducerWords } from "../ring/channel-words.ts";
import { FrameSlots } from "../ring/frame-slots.ts";
import type { IndexRingProducer } from "../ring/index-ring.ts";
import type { RingChannel } from "../ring/ring-descriptor.ts";
import type { SlotWords } from "../ring/slot-words.ts";
import type { FrameTarget } from "./message-reader.ts";

/** What the relay needs to write a channel into its consumer's memory. */
export interface InboundMemory {
  readonly channel: RingChannel;
  readonly attempt: number;
  /** The consumer's pool. */
  readonly pool: Buffer;
  readonly view: DataView;
  readonly words: ProducerWords;
  readonly ring: IndexRingProducer;
  readonly slots: SlotWords;
}

/** Bytes of a payload over all its fragments: the consumer knows its own limit. */
const ANY_TOTAL = 0xff_ff_ff_ff;

/**
 * The relay's end of a channel whose producer is in another process: to the consumer it is the producer. Frames are written where the
 * consumer expects them; there is room, or the peer has broken the protocol.
 */
export class InboundChannel {
  readonly id: number;
  /** Whether the other end was told that the consumer has closed. */
  closeTold = false;
  /** Whether frames are out that the consumer has not given back, or not as the other end knows. */
  active = false;
  readonly #memory: InboundMemory;
  readonly #data: FrameSlots;
  readonly #events: FrameSlots;
  readonly #header: FrameHeader = emptyFrameHeader();
  readonly #dataLimits: FrameLimits;
  readonly #eventLimits: FrameLimits;
  // Modulo 2^32; given back, as the other end was told.
  #dataPut = 0;
  #eventsPut = 0;
  #dataTold = 0;
  #eventsTold = 0;

  constructor(memory: InboundMemory) {
    const { channel, words } = memory;
    this.id = channel.id;
    this.#memory = memory;
    this.#data = new FrameSlots(channel.frameOffset, channel.frameBytes, channel.frames);
    this.#events = new FrameSlots(channel.eventOffset, channel.eventBytes, channel.events);
    this.#dataLimits = { payload: channel.frameBytes - FRAME_HEADER_BYTES, total: ANY_TOTAL };
    this.#eventLimits = { payload: channel.eventBytes - FRAME_HEADER_BYTES, total: ANY_TOTAL };
    words.armForAny();
  }

  /** What the other end is told of as given back. */
  get dataFreed(): number {
    return this.#dataTold;
  }

  get eventsFreed(): number {
    return this.#eventsTold;
  }

  /** A frame with this header begins; returns its bytes of payload, which go into `target`. @throws PROTOCOL_VIOLATION */
  begin(view: DataView, offset: number, target: FrameTarget): number {
    const header = this.#header;
    const data = view.getUint8(offset + 1) === FrameKind.DATA;
    readFrameHeader(
      view,
      offset,
      offset + FRAME_HEADER_BYTES,
      data ? this.#dataLimits : this.#eventLimits,
      header,
    );
    const { words, view: poolView, pool } = this.#memory;
    const slots = data ? this.#data : this.#events;
    const out = data ? (this.#dataPut - words.dataFreed()) | 0 : (this.#eventsPut - words.eventsFreed()) | 0;
    if (out >= slots.count)
      throw violation(`at most ${slots.count} frames of channel ${this.id} at a time`, "more");
    writeFrameHeader(poolView, slots.offset, header);
    target.pool = pool;
    target.offset = slots.offset + FRAME_HEADER_BYTES;
    return header.length;
  }

  /** The frame that was begun is there. */
  end(): void {
    const { ring, slots, channel } = this.#memory;
    const { kind } = this.#header;
    if (kind === FrameKind.DATA) {
      this.#data.advance();
      this.#dataPut = (this.#dataPut + 1) | 0;
    } else {
      this.#events.advance();
      this.#eventsPut = (this.#eventsPut + 1) | 0;
    }
    ring.put(channel.ordinal, kind);
    slots.wake(channel.consumerSlot);
  }

  overtake(overtaking: Overtaking): void {
    this.#memory.words.overtake(overtaking, this.#memory.attempt);
  }

  /** Looks at what the consumer has given back; whether that is news. */
  lookForFreed(): boolean {
    const { words } = this.#memory;
    const data = words.dataFreed();
    const events = words.eventsFreed();
    if (data === this.#dataTold && events === this.#eventsTold) return false;
    this.#dataTold = data;
    this.#eventsTold = events;
    return true;
  }

  /** Whether all that was put there was given back, and the other end knows. */
  get settled(): boolean {
    return this.#dataTold === this.#dataPut && this.#eventsTold === this.#eventsPut;
  }

  get readerClosed(): boolean {
    return this.#memory.words.readerClosed;
  }

  /** The producer has closed its end, or the connection to it is gone. */
  close(lost: boolean): void {
    this.#memory.words.close(lost);
  }
}
