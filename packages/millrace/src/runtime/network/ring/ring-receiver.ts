import { MillraceError } from "../../../common/errors/millrace-error.ts";
import {
  FIRST_FRAGMENT,
  FRAME_HEADER_BYTES,
  FrameKind,
  LAST_FRAGMENT,
  WHOLE,
  emptyFrameHeader,
  readFrameHeader,
} from "../../../protocol/frame-header.ts";
import type { ConsumerWords } from "./channel-words.ts";
import { FrameSlots } from "./frame-slots.ts";
import type { RingChannel } from "./ring-descriptor.ts";

/** The pieces of shared memory that a channel's consumer reads. */
export interface ReceiverMemory {
  readonly channel: RingChannel;
  readonly attempt: number;
  /** The slot's own pool. */
  readonly pool: Uint8Array;
  readonly words: ConsumerWords;
  /** Bytes of the largest payload. */
  readonly maxRecordBytes: number;
}

/**
 * Takes a channel's frames from shared memory in order: drops those of another attempt, refuses gaps, puts fragments together.
 * Knows nothing of records. Frames may arrive before anybody reads; there are never more than the channel's credit.
 */
export class RingReceiver {
  /** The payload at the head, after `next` was true: `bytes[start, end)`, until `done`. */
  kind: FrameKind = FrameKind.DATA;
  bytes: Uint8Array;
  start = 0;
  end = 0;
  /** The producer is gone, and all that it sent has arrived. */
  producerClosed = false;
  /** Told of each frame that arrives; set by the channel's reader. */
  onArrival: (() => void) | undefined;
  /** Told when `producerClosed` becomes true; set by the channel's reader. */
  onClosed: (() => void) | undefined;

  readonly #memory: ReceiverMemory;
  readonly #view: DataView;
  readonly #data: FrameSlots;
  readonly #events: FrameSlots;
  readonly #header = emptyFrameHeader();
  /** Kinds of the frames that wait, in order: a circular queue. */
  readonly #arrivals: Uint8Array;
  #first = 0;
  #waiting = 0;
  #sequence = 0;
  /** Whether the payload at the head still lies in its slot. */
  #inSlot = false;
  #assembly: Uint8Array | undefined;
  #assembled = 0;

  constructor(memory: ReceiverMemory) {
    const { channel, pool } = memory;
    this.#memory = memory;
    this.#view = new DataView(pool.buffer, pool.byteOffset, pool.byteLength);
    this.#data = new FrameSlots(channel.frameOffset, channel.frameBytes, channel.frames);
    this.#events = new FrameSlots(channel.eventOffset, channel.eventBytes, channel.events);
    this.#arrivals = new Uint8Array(channel.frames + channel.events);
    this.bytes = pool;
  }

  /** For the network: a frame was announced. */
  arrived(kind: FrameKind): void {
    if (this.#waiting === this.#arrivals.length) {
      throw new MillraceError(
        "INTERNAL",
        `channel ${this.#memory.channel.id} got more frames than its credit`,
      );
    }
    this.#arrivals[(this.#first + this.#waiting++) % this.#arrivals.length] = kind;
    this.onArrival?.();
  }

  /** Whether the producer has closed its end. What it sent before may still lie in its index ring. */
  get writerClosed(): boolean {
    return this.#memory.words.writerClosed;
  }

  /** For the network: the producer is gone, and everything that it had announced has arrived. */
  markClosed(): void {
    if (this.producerClosed) return;
    this.producerClosed = true;
    this.onClosed?.();
  }

  /** Frames that wait, the one at the head included. */
  get queued(): number {
    return this.#waiting;
  }

  /** Moves to the next whole payload, if it has arrived. Throws PROTOCOL_VIOLATION; the channel is of no use then. */
  next(): boolean {
    while (this.#waiting > 0) {
      const kind = this.#arrivals[this.#first] as FrameKind;
      if (this.#read(kind)) return true;
    }
    return false;
  }

  /** Gives back the payload at the head. */
  done(): void {
    if (this.#inSlot) this.#free(this.kind);
    this.#inSlot = false;
    this.#assembly = undefined;
    this.bytes = this.#memory.pool;
  }

  /** Nothing will be taken any more: the producer may stop. */
  close(): void {
    this.onArrival = undefined;
    this.onClosed = undefined;
    this.#assembly = undefined;
    this.#memory.words.close();
  }

  /** Looks at the first frame that waits; whether it completes a payload. */
  #read(kind: FrameKind): boolean {
    const { channel, attempt, maxRecordBytes, pool } = this.#memory;
    const header = this.#header;
    const slots = kind === FrameKind.DATA ? this.#data : this.#events;
    const payload = slots.bytes - FRAME_HEADER_BYTES;
    readFrameHeader(
      this.#view,
      slots.offset,
      slots.offset + slots.bytes,
      { payload, total: maxRecordBytes },
      header,
    );
    if (header.attempt !== attempt) {
      this.#free(kind);
      return false;
    }
    if (header.channel !== channel.id)
      throw this.#violation("a frame of the channel", `one of channel ${header.channel}`);
    if (header.kind !== kind) throw this.#violation(`a frame of kind ${kind}`, `kind ${header.kind}`);
    if (header.sequence !== this.#sequence) {
      throw this.#violation(`frame ${this.#sequence}`, `frame ${header.sequence}: frames are missing`);
    }
    this.#sequence = (this.#sequence + 1) >>> 0;
    const start = slots.offset + FRAME_HEADER_BYTES;
    if (header.flags !== WHOLE) return this.#assemble(kind, start);
    if (this.#assembly !== undefined) throw this.#violation("the next fragment", "a whole payload");
    this.kind = kind;
    this.bytes = pool;
    this.start = start;
    this.end = start + header.length;
    this.#inSlot = true;
    return true;
  }

  #assemble(kind: FrameKind, start: number): boolean {
    const { flags, length, total } = this.#header;
    if ((flags & FIRST_FRAGMENT) !== 0) {
      if (this.#assembly !== undefined) throw this.#violation("the next fragment", "a first one");
      this.#assembly = new Uint8Array(total);
      this.#assembled = 0;
    }
    const assembly = this.#assembly;
    if (assembly?.length !== total)
      throw this.#violation("a fragment of the payload begun", `one of ${total} bytes`);
    const end = this.#assembled + length;
    if (end > total || ((flags & LAST_FRAGMENT) !== 0) !== (end === total)) {
      throw this.#violation(`fragments of ${total} bytes in all`, `${end} bytes with flags ${flags}`);
    }
    assembly.set(this.#memory.pool.subarray(start, start + length), this.#assembled);
    this.#assembled = end;
    this.#free(kind);
    if (end < total) return false;
    this.kind = kind;
    this.bytes = assembly;
    this.start = 0;
    this.end = total;
    return true;
  }

  #free(kind: FrameKind): void {
    this.#first = (this.#first + 1) % this.#arrivals.length;
    this.#waiting--;
    if (kind === FrameKind.DATA) {
      this.#data.advance();
      this.#memory.words.freeData();
    } else {
      this.#events.advance();
      this.#memory.words.freeEvent();
    }
  }

  #violation(expected: string, came: string): MillraceError {
    const { id } = this.#memory.channel;
    return new MillraceError("PROTOCOL_VIOLATION", `channel ${id}: expected ${expected}, got ${came}`, {
      details: { channel: id },
    });
  }
}
