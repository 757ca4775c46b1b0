import type { MillraceError } from "../../../common/errors/millrace-error.ts";
import {
  FRAME_HEADER_BYTES,
  FIRST_FRAGMENT,
  FrameKind,
  LAST_FRAGMENT,
  emptyFrameHeader,
  writeFrameHeader,
} from "../../../protocol/frame-header.ts";
import type { FrameHeader } from "../../../protocol/frame-header.ts";
import { channelClosed, channelLost } from "../channel-closed.ts";
import type { Overtaking } from "./barrier-words.ts";
import type { ProducerWords } from "./channel-words.ts";
import { FrameSlots } from "./frame-slots.ts";
import type { IndexRingProducer } from "./index-ring.ts";
import type { RingChannel } from "./ring-descriptor.ts";
import type { SlotWords } from "./slot-words.ts";

/** The pieces of shared memory that a channel's producer writes. */
export interface SenderMemory {
  readonly channel: RingChannel;
  readonly attempt: number;
  /** The consumer's pool. */
  readonly pool: Uint8Array;
  readonly words: ProducerWords;
  readonly ring: IndexRingProducer;
  readonly slots: SlotWords;
}

/** Puts frames into shared memory, and keeps the channel's credit. Knows nothing of records. */
export class RingSender {
  readonly data: FrameSlots;
  readonly events: FrameSlots;
  readonly pool: Uint8Array;
  /** Of data, without headers. */
  bytesSent = 0;
  readonly #memory: SenderMemory;
  readonly #view: DataView;
  readonly #header: FrameHeader = emptyFrameHeader();
  // Frames sent, and those known to have been given back, modulo 2^32.
  #dataSent = 0;
  #eventsSent = 0;
  #dataFreed = 0;
  #eventsFreed = 0;

  constructor(memory: SenderMemory) {
    const { channel, pool, attempt } = memory;
    this.#memory = memory;
    this.pool = pool;
    this.#view = new DataView(pool.buffer, pool.byteOffset, pool.byteLength);
    this.data = new FrameSlots(channel.frameOffset, channel.frameBytes, channel.frames);
    this.events = new FrameSlots(channel.eventOffset, channel.eventBytes, channel.events);
    this.#header.channel = channel.id;
    this.#header.attempt = attempt;
  }

  /** Whether a frame of this kind may be sent. Looks at shared memory only when the credit known of is used up. */
  hasCredit(kind: FrameKind): boolean {
    if (kind === FrameKind.DATA) {
      if (this.#dataOut() < this.data.count) return true;
      this.#dataFreed = this.#memory.words.dataFreed();
      return this.#dataOut() < this.data.count;
    }
    if (this.#eventsOut() < this.events.count) return true;
    this.#eventsFreed = this.#memory.words.eventsFreed();
    return this.#eventsOut() < this.events.count;
  }

  /** Credit of data frames, as shared memory has it now. */
  dataCredit(): number {
    this.#dataFreed = this.#memory.words.dataFreed();
    return this.data.count - this.#dataOut();
  }

  /** Whether the receiver has given back everything that was sent. */
  isDrained(): boolean {
    this.#dataFreed = this.#memory.words.dataFreed();
    this.#eventsFreed = this.#memory.words.eventsFreed();
    return this.#dataOut() === 0 && this.#eventsOut() === 0;
  }

  /** Asks for a signal when `credit` data frames are free. */
  armForData(credit: number): void {
    this.#memory.words.arm((this.#dataSent - this.data.count + credit) | 0, this.#eventsFreed);
  }

  /** Asks for a signal when there is room for an event. */
  armForEvent(): void {
    this.#memory.words.arm(this.#dataFreed, (this.#eventsSent - this.events.count + 1) | 0);
  }

  /** Asks for a signal when everything has been given back. */
  armForDrained(): void {
    this.#memory.words.arm(this.#dataSent, this.#eventsSent);
  }

  disarm(): void {
    this.#memory.words.disarm();
  }

  /** Sends the payload that has been written into the current data slot, behind the header. Needs credit. */
  sendInPlace(length: number, elements: number): void {
    this.#send(FrameKind.DATA, FIRST_FRAGMENT | LAST_FRAGMENT, length, length, elements);
  }

  /** Sends as much of `bytes[start, end)`, the rest of the payload `bytes[0, end)`, as one frame takes. Needs credit. Returns how many bytes left. */
  sendPiece(kind: FrameKind, bytes: Uint8Array, start: number, end: number, elements: number): number {
    const slots = kind === FrameKind.DATA ? this.data : this.events;
    const length = Math.min(end - start, slots.bytes - FRAME_HEADER_BYTES);
    this.pool.set(bytes.subarray(start, start + length), slots.offset + FRAME_HEADER_BYTES);
    const first = start === 0 ? FIRST_FRAGMENT : 0;
    const last = start + length === end ? LAST_FRAGMENT : 0;
    this.#send(kind, first | last, length, end, elements);
    return length;
  }

  /** The sequence number of the next frame. */
  get sequence(): number {
    return this.#header.sequence;
  }

  /** Tells the receiver of a barrier in front of everything that is sent from now on, out of line and without credit. */
  overtake(overtaking: Overtaking): void {
    this.#memory.words.overtake(overtaking, this.#memory.attempt);
  }

  /** Tells the receiver that no more comes. */
  close(): void {
    this.#memory.words.close();
  }

  /** Whether the receiver, or its slot, is gone. */
  get receiverClosed(): boolean {
    return this.#memory.words.readerClosed;
  }

  /** The error of a producer whose receiver is gone. */
  closedError(): MillraceError {
    const { words, channel } = this.#memory;
    return words.readerLost
      ? channelLost(channel.id, "consumer", channel.peer)
      : channelClosed(channel.id, "consumer");
  }

  #send(kind: FrameKind, flags: number, length: number, total: number, elements: number): void {
    const { ring, slots, channel } = this.#memory;
    const frames = kind === FrameKind.DATA ? this.data : this.events;
    const header = this.#header;
    header.kind = kind;
    header.flags = flags;
    header.length = length;
    header.total = total;
    header.elements = elements;
    writeFrameHeader(this.#view, frames.offset, header);
    header.sequence = (header.sequence + 1) >>> 0;
    frames.advance();
    if (kind === FrameKind.DATA) {
      this.#dataSent = (this.#dataSent + 1) | 0;
      this.bytesSent += length;
    } else this.#eventsSent = (this.#eventsSent + 1) | 0;
    ring.put(channel.ordinal, kind);
    slots.wake(channel.consumerSlot);
  }

  #dataOut(): number {
    return (this.#dataSent - this.#dataFreed) | 0;
  }

  #eventsOut(): number {
    return (this.#eventsSent - this.#eventsFreed) | 0;
  }
}
