import { Buffer } from "node:buffer";
import {
  MESSAGE_HEADER_BYTES,
  MAX_MESSAGE_BYTES,
  exchangeOf,
  isFrame,
  messageBytes,
  readMessageKind,
  setExchange,
} from "../../../protocol/data/message-header.ts";
import type { MessageKind } from "../../../protocol/data/message-header.ts";

/** Where the payload of a frame goes. */
export interface FrameTarget {
  pool: Buffer;
  offset: number;
}

/** Who takes what a reader finds. May throw: then the reader is of no use any more. */
export interface MessageHandler {
  /**
   * A frame begins: its header is at `offset` of `view`, its last word is 0. Checks it, bounds included, puts into `target` where the payload
   * goes, and returns how many bytes it has.
   */
  onFrame(view: DataView, offset: number, exchange: number, target: FrameTarget): number;
  /** The last byte of its payload has been copied. */
  onFrameEnd(): void;
  /** A message; `bytes` are the reader's again when the call returns. */
  onMessage(kind: MessageKind, exchange: number, bytes: Buffer): void;
}

/** What the next bytes are. */
const Reading = { HEADER: 0, FRAME: 1, MESSAGE: 2 } as const;
type Reading = (typeof Reading)[keyof typeof Reading];

/**
 * Cuts a connection's bytes, in whatever chunks they come, into frames and messages. Payloads of frames are copied once, from the chunk
 * to where they belong. Keeps no more than a header or a short message of its own, whatever the bytes say.
 */
export class MessageReader {
  /** Frames that arrived. */
  frames = 0;
  readonly #handler: MessageHandler;
  readonly #target: FrameTarget = { pool: Buffer.alloc(0), offset: 0 };
  /** A header or message of which a part has arrived. */
  readonly #partial = Buffer.alloc(MESSAGE_HEADER_BYTES + MAX_MESSAGE_BYTES);
  readonly #partialView = new DataView(
    this.#partial.buffer,
    this.#partial.byteOffset,
    this.#partial.byteLength,
  );
  #gathered = 0;
  #reading: Reading = Reading.HEADER;
  /** Bytes of the payload that are still to come. */
  #left = 0;
  #kind = 0 as MessageKind;
  #exchange = 0;

  constructor(handler: MessageHandler) {
    this.#handler = handler;
  }

  /** Takes a chunk, all of it. @throws PROTOCOL_VIOLATION, and what the handler throws */
  push(chunk: Buffer): void {
    const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let at = 0;
    // A payload without bytes ends where it begins.
    while (at < chunk.length || (this.#reading !== Reading.HEADER && this.#left === 0)) {
      if (this.#reading === Reading.HEADER) at = this.#header(chunk, view, at);
      else if (this.#reading === Reading.FRAME) at = this.#frame(chunk, at);
      else at = this.#message(chunk, at);
    }
  }

  #header(chunk: Buffer, view: DataView, at: number): number {
    if (this.#gathered === 0 && chunk.length - at >= MESSAGE_HEADER_BYTES) {
      this.#begin(view, at);
      return at + MESSAGE_HEADER_BYTES;
    }
    const end = Math.min(chunk.length, at + MESSAGE_HEADER_BYTES - this.#gathered);
    this.#gather(chunk, at, end);
    if (this.#gathered === MESSAGE_HEADER_BYTES) {
      this.#gathered = 0;
      this.#begin(this.#partialView, 0);
    }
    return end;
  }

  #begin(view: DataView, at: number): void {
    const exchange = exchangeOf(view, at);
    if (isFrame(view, at)) {
      setExchange(view, at, 0);
      this.#left = this.#handler.onFrame(view, at, exchange, this.#target);
      this.#reading = Reading.FRAME;
      return;
    }
    this.#kind = readMessageKind(view, at);
    this.#exchange = exchange;
    this.#left = messageBytes(view, at);
    this.#reading = Reading.MESSAGE;
  }

  #frame(chunk: Buffer, at: number): number {
    const target = this.#target;
    const end = Math.min(chunk.length, at + this.#left);
    if (end > at) chunk.copy(target.pool, target.offset, at, end);
    target.offset += end - at;
    this.#left -= end - at;
    if (this.#left > 0) return end;
    this.#reading = Reading.HEADER;
    this.frames++;
    this.#handler.onFrameEnd();
    return end;
  }

  #message(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#left);
    this.#left -= end - at;
    const whole = this.#gathered === 0 && this.#left === 0;
    if (!whole) this.#gather(chunk, at, end);
    if (this.#left > 0) return end;
    this.#reading = Reading.HEADER;
    const payload = whole ? chunk.subarray(at, end) : this.#partial.subarray(0, this.#gathered);
    this.#gathered = 0;
    this.#handler.onMessage(this.#kind, this.#exchange, payload);
    return end;
  }

  #gather(chunk: Buffer, at: number, end: number): void {
    chunk.copy(this.#partial, this.#gathered, at, end);
    this.#gathered += end - at;
  }
}
