import { Buffer } from "node:buffer";
import type { Writable } from "node:stream";
import { MESSAGE_HEADER_BYTES, writeMessageHeader } from "../../../protocol/data/message-header.ts";
import type { MessageKind } from "../../../protocol/data/message-header.ts";

/** Bytes of memory for messages and small frames that is taken at once. */
const SLAB_BYTES = 64 * 1024;
/** Frames up to this size are copied: to hand over a few bytes costs more than to copy them. */
const SMALL_FRAME_BYTES = 2048;

/**
 * Gathers what is to leave on a connection until it is flushed, then hands all of it over at once. Messages and small frames are copied;
 * large ones leave from where they lie, in shared memory. That is safe although nobody waits for the socket to have taken them: their
 * memory is written again only after the peer has given the frame back, so after all its bytes have left.
 */
export class Outbox {
  /** Frames that were put in. */
  frames = 0;
  readonly #socket: Writable;
  readonly #parts: Uint8Array[] = [];
  #slab = Buffer.alloc(0);
  #view = new DataView(this.#slab.buffer);
  /** The part of the slab that has not become one of `#parts`. */
  #start = 0;
  #end = 0;

  constructor(socket: Writable) {
    this.#socket = socket;
  }

  /** A frame, which lies in shared memory. */
  frame(pool: Buffer, offset: number, bytes: number): void {
    this.frames++;
    if (bytes > SMALL_FRAME_BYTES) {
      this.#cut();
      this.#parts.push(pool.subarray(offset, offset + bytes));
      return;
    }
    const at = this.#take(bytes);
    pool.copy(this.#slab, at, offset, offset + bytes);
  }

  /** A message whose payload is given. */
  message(kind: MessageKind, exchange: number, payload?: Uint8Array): void {
    const length = payload?.length ?? 0;
    const at = this.#take(MESSAGE_HEADER_BYTES + length);
    writeMessageHeader(this.#view, at, kind, exchange, length);
    if (payload !== undefined) this.#slab.set(payload, at + MESSAGE_HEADER_BYTES);
  }

  /** A message whose payload is these numbers, as u32. */
  numbers(kind: MessageKind, exchange: number, numbers: Uint32Array, count: number): void {
    let at = this.#take(MESSAGE_HEADER_BYTES + 4 * count);
    writeMessageHeader(this.#view, at, kind, exchange, 4 * count);
    at += MESSAGE_HEADER_BYTES;
    for (let i = 0; i < count; i++) this.#view.setUint32(at + 4 * i, numbers[i] as number, true);
  }

  get empty(): boolean {
    return this.#parts.length === 0 && this.#start === this.#end;
  }

  /** Hands everything over to the socket. */
  flush(): void {
    this.#cut();
    const parts = this.#parts;
    if (parts.length === 0) return;
    const socket = this.#socket;
    if (socket.writable) {
      socket.cork();
      for (const part of parts) socket.write(part);
      socket.uncork();
    }
    parts.length = 0;
  }

  /** Room in the slab. */
  #take(bytes: number): number {
    if (this.#slab.length - this.#end < bytes) {
      this.#cut();
      this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.#view = new DataView(this.#slab.buffer);
      this.#start = 0;
      this.#end = 0;
    }
    const at = this.#end;
    this.#end += bytes;
    return at;
  }

  #cut(): void {
    if (this.#start === this.#end) return;
    this.#parts.push(this.#slab.subarray(this.#start, this.#end));
    this.#start = this.#end;
  }
}
