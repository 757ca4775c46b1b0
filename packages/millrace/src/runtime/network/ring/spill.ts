import type { FrameKind } from "../../../protocol/frame-header.ts";

/** A payload that waits for credit, perhaps in the middle. */
export interface SpilledPayload {
  readonly kind: FrameKind;
  /** Records and watermarks in it. */
  readonly elements: number;
  /** The whole payload: [0, end) of `bytes`. */
  readonly bytes: Uint8Array;
  readonly end: number;
  /** Where what is left to send begins. */
  start: number;
  /** Sequence number of the frame that has left with its first bytes; undefined: none has. */
  sequence: number | undefined;
  /** Of a barrier: its checkpoint. */
  readonly barrier: number | undefined;
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

  /** The payloads that wait, in order. */
  waiting(): readonly SpilledPayload[] {
    return this.#payloads.slice(this.#next);
  }

  holdsBarrier(checkpointId: number): boolean {
    return this.waiting().some(({ barrier }) => barrier === checkpointId);
  }

  /** Takes a barrier out, and tells what was in front of it; undefined when it isn't here. */
  takeOutBarrier(checkpointId: number): readonly SpilledPayload[] | undefined {
    const rest = this.waiting();
    const at = rest.findIndex(({ barrier }) => barrier === checkpointId);
    const barrier = rest[at];
    if (barrier === undefined) return undefined;
    this.#payloads = rest.filter((payload) => payload !== barrier);
    this.#next = 0;
    this.bytes -= barrier.end - barrier.start;
    return rest.slice(0, at);
  }

  /** `bytes` of the first payload have left, in the frame `sequence`. */
  sent(bytes: number, sequence: number): void {
    const first = this.#payloads[this.#next] as SpilledPayload;
    first.sequence ??= sequence;
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
