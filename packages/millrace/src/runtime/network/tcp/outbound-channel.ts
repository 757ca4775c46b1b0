import type { Buffer } from "node:buffer";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { encodeOvertake } from "../../../protocol/data/channel-messages.ts";
import { MessageKind, setExchange, violation } from "../../../protocol/data/message-header.ts";
import { FRAME_HEADER_BYTES, FrameKind } from "../../../protocol/frame-header.ts";
import type { Overtaking } from "../ring/barrier-words.ts";
import type { ConsumerWords } from "../ring/channel-words.ts";
import { FrameSlots } from "../ring/frame-slots.ts";
import type { RingChannel } from "../ring/ring-descriptor.ts";
import type { Outbox } from "./outbox.ts";

/** The relay's pool, in which frames wait until their consumer has given them back. */
export interface MirrorPool {
  readonly bytes: Buffer;
  readonly view: DataView;
}

/**
 * The relay's end of a channel whose consumer is in another process: to the producer it is the consumer. Frames leave at once, for there is
 * room for each at the other end; before the exchange is open there, they wait.
 */
export class OutboundChannel {
  readonly id: number;
  /** Whether the other end was told that the producer has closed. */
  closeTold = false;
  readonly #words: ConsumerWords;
  readonly #pool: MirrorPool;
  readonly #data: FrameSlots;
  readonly #events: FrameSlots;
  /** Kinds of the frames that wait for the exchange to be open. */
  readonly #pending: Uint8Array;
  #waiting = 0;
  /** A barrier that waits likewise. */
  #overtaking: Overtaking | undefined;
  #outbox: Outbox | undefined;
  #handle = 0;
  #over = false;
  // Modulo 2^32.
  #dataSent = 0;
  #eventsSent = 0;
  #dataFreed = 0;
  #eventsFreed = 0;

  constructor(channel: RingChannel, pool: MirrorPool, words: ConsumerWords) {
    this.id = channel.id;
    this.#words = words;
    this.#pool = pool;
    this.#data = new FrameSlots(channel.frameOffset, channel.frameBytes, channel.frames);
    this.#events = new FrameSlots(channel.eventOffset, channel.eventBytes, channel.events);
    this.#pending = new Uint8Array(channel.frames + channel.events);
  }

  /** The next frame was taken off the index ring. */
  arrived(kind: FrameKind): void {
    if (this.#over) return;
    if (this.#outbox !== undefined) this.#send(this.#outbox, kind);
    else if (this.#waiting < this.#pending.length) this.#pending[this.#waiting++] = kind;
    else throw new MillraceError("INTERNAL", `channel ${this.id} sent more frames than its credit`);
  }

  /** Some barrier was announced to the relay, perhaps in this channel. */
  lookForBarrier(): void {
    if (this.#over) return;
    this.#overtaking = this.#words.takeOvertaking() ?? this.#overtaking;
    this.#tellBarrier();
  }

  /** The other end is ready: what has waited leaves. */
  open(outbox: Outbox, handle: number): void {
    this.#outbox = outbox;
    this.#handle = handle;
    this.#tellBarrier();
    for (let i = 0; i < this.#waiting; i++) this.#send(outbox, this.#pending[i] as FrameKind);
    this.#waiting = 0;
  }

  get writerClosed(): boolean {
    return this.#words.writerClosed;
  }

  /** The consumer has given back so many in all. @throws PROTOCOL_VIOLATION when these are fewer than before, or more than were sent */
  freed(data: number, events: number): void {
    if (this.#over) return;
    const newData = (data - this.#dataFreed) | 0;
    const newEvents = (events - this.#eventsFreed) | 0;
    const dataOut = (this.#dataSent - this.#dataFreed) | 0;
    const eventsOut = (this.#eventsSent - this.#eventsFreed) | 0;
    if (newData < 0 || newData > dataOut || newEvents < 0 || newEvents > eventsOut) {
      throw violation(
        `channel ${this.id} to give back at most ${dataOut} frames and ${eventsOut} events`,
        `${newData} and ${newEvents}`,
      );
    }
    this.#dataFreed = data | 0;
    this.#eventsFreed = events | 0;
    this.#words.free(newData, newEvents);
  }

  /** The consumer has closed its end, or the connection to it is gone: nothing is sent any more. */
  close(lost: boolean): void {
    if (this.#over) return;
    this.#over = true;
    this.#outbox = undefined;
    this.#words.close(lost);
  }

  #tellBarrier(): void {
    if (this.#overtaking === undefined || this.#outbox === undefined) return;
    this.#outbox.message(
      MessageKind.OVERTAKE,
      this.#handle,
      encodeOvertake({ channel: this.id, ...this.#overtaking }),
    );
    this.#overtaking = undefined;
  }

  #send(outbox: Outbox, kind: FrameKind): void {
    const slots = kind === FrameKind.DATA ? this.#data : this.#events;
    const { view, bytes } = this.#pool;
    const length = view.getUint32(slots.offset + 16, true);
    if (length > slots.bytes - FRAME_HEADER_BYTES)
      throw new MillraceError("INTERNAL", `channel ${this.id} sent a frame of ${length} bytes`);
    setExchange(view, slots.offset, this.#handle);
    outbox.frame(bytes, slots.offset, FRAME_HEADER_BYTES + length);
    slots.advance();
    if (kind === FrameKind.DATA) this.#dataSent = (this.#dataSent + 1) | 0;
    else this.#eventsSent = (this.#eventsSent + 1) | 0;
  }
}
