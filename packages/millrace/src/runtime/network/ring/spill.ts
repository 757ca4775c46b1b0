import type { FrameKind } from "../../../protocol/frame-header.ts";

/** A payload, or the rest of one, that waits for credit. */
export interface SpilledPayload {
  readonly kind: FrameKind;
  /** Records and watermarks in it. */
  readonly elements: number;
  bytes: Uint8Array;
  /** What is left to send: [start, end) of `bytes`. */
  start: number;
  end: number;
  /** Bytes of the whole payload. */
  readonly total: number;
}

/** Payloads on the heap, in order. Holds at most what a single call of a user function emits. */
export class Spill {
  /** Bytes that wait. */
  bytes = 0;
  #payloads: SpilledPayload[] = [];
  #next = 0;

  get empty(): boolean {
    return this.#next === this.#payloads.length;
  }

  /** The payload that is to leave next, or undefined. */
  get first(): SpilledPayload | undefined {
    return this.#payloads[this.#next];
  }

  push(payload: SpilledPayload): void {
    this.#payloads.push(payload);
    this.bytes += payload.end - payload.start;
  }

  /** `bytes` of the first payload have left. */
  sent(bytes: number): void {
    const first = this.#payloads[this.#next] as SpilledPayload;
    first.start += bytes;
    this.bytes -= bytes;
    if (first.start < first.end) return;
    this.#next++;
    if (this.#next * 2 >= this.#payloads.length) {
      this.#payloads = this.#payloads.slice(this.#next);
      this.#next = 0;
    }
  }

  clear(): void {
    this.#payloads = [];
    this.#next = 0;
    this.bytes = 0;
  }
}
