import type { Draws } from "./draws.ts";

const LETTERS = "abcdefghijklmnopqrstuvwxyz";
const POOL_SIZE = 64 * 1024;
/** Strings are cut from the front part; the longest fits behind it. */
const STARTS = POOL_SIZE / 2;

/** Letters to cut strings from: cutting costs next to nothing, and all strings share the pool's memory. */
export class WordPool {
  readonly #letters: string;

  constructor(draws: Draws) {
    const bytes = new Uint8Array(POOL_SIZE);
    for (let i = 0; i < POOL_SIZE; i++) bytes[i] = LETTERS.charCodeAt(draws.below(LETTERS.length));
    this.#letters = Buffer.from(bytes).toString("latin1");
  }

  /** A string of `length` random lowercase letters. */
  letters(draws: Draws, length: number): string {
    const start = draws.below(STARTS);
    return this.#letters.substring(start, start + length);
  }

  /** A string of 3 to `most` letters. */
  word(draws: Draws, most: number): string {
    return this.letters(draws, 3 + draws.below(most - 2));
  }

  /** Letters that bring an event of `size` bytes to `average` bytes, give or take a fifth. */
  padding(draws: Draws, size: number, average: number): string {
    const missing = average - size;
    if (missing <= 0) return "";
    const spread = Math.round(missing / 5);
    // One draw says both: its whole part the length, what is left of it the place.
    const drawn = draws.next() * (2 * spread + 1);
    const extra = Math.floor(drawn);
    const start = Math.floor((drawn - extra) * STARTS);
    return this.#letters.substring(start, start + missing - spread + extra);
  }
}
