import { FrameKind } from "../../../protocol/frame-header.ts";
import type { RingLink } from "./ring-descriptor.ts";

/** Int32 words in front of a ring's entries: a cache line for the counter of entries put in. */
export const LINK_WORDS = 16;

/*
 * Single producer, single consumer. An entry is `ordinal << 1 | (1 for an event)`. The producer never looks whether there is room:
 * the capacity is the sum of all credits, and a credit returns only after its entry was taken off.
 */

/** The producer's end. */
export class IndexRingProducer {
  readonly #words: Int32Array;
  readonly #counter: number;
  readonly #entries: number;
  readonly #mask: number;
  #tail = 0;

  constructor(words: SharedArrayBuffer, link: RingLink) {
    this.#words = new Int32Array(words);
    this.#counter = link.word;
    this.#entries = link.word + LINK_WORDS;
    this.#mask = link.capacity - 1;
  }

  /** Announces a frame that has been written. */
  put(ordinal: number, kind: FrameKind): void {
    this.#words[this.#entries + (this.#tail & this.#mask)] =
      (ordinal << 1) | (kind === FrameKind.EVENT ? 1 : 0);
    this.#tail = (this.#tail + 1) | 0;
    Atomics.store(this.#words, this.#counter, this.#tail);
  }
}

/** The consumer's end. */
export class IndexRingConsumer {
  readonly #words: Int32Array;
  readonly #counter: number;
  readonly #entries: number;
  readonly #mask: number;
  #head = 0;

  constructor(words: SharedArrayBuffer, link: RingLink) {
    this.#words = new Int32Array(words);
    this.#counter = link.word;
    this.#entries = link.word + LINK_WORDS;
    this.#mask = link.capacity - 1;
  }

  /** Entries that wait. */
  available(): number {
    return (Atomics.load(this.#words, this.#counter) - this.#head) | 0;
  }

  /** The next of the `available` entries. */
  take(): number {
    const entry = this.#words[this.#entries + (this.#head & this.#mask)] as number;
    this.#head = (this.#head + 1) | 0;
    return entry;
  }
}
