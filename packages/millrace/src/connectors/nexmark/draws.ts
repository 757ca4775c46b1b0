/** The finalizer of murmur3: every bit of the result depends on every bit of `h`. */
function mix(h: number): number {
  let x = h | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85eb_ca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2_ae35);
  return x ^ (x >>> 16);
}

const TWO_32 = 4_294_967_296;

/**
 * Random draws that belong to a number: after `begin(n)` the same draws come in the same order, whatever came before. So an
 * event is a function of the seed and its number, and the generator has no state to keep.
 */
export class Draws {
  readonly #seed: number;
  #state = 0;

  /** @param seed any safe integer */
  constructor(seed: number) {
    this.#seed = mix(seed) ^ mix(Math.floor(seed / TWO_32) + 0x9e37_79b9);
  }

  /** Goes to the draws of number `n`, a safe integer from 0 up. */
  begin(n: number): void {
    const low = mix(n ^ this.#seed);
    this.#state = n < TWO_32 ? low : mix(low + Math.floor(n / TWO_32));
  }

  /** Uniform in [0, 1), in steps of 2^-32. */
  next(): number {
    const state = (this.#state + 0x6d2b_79f5) | 0;
    this.#state = state;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / TWO_32;
  }

  /** A whole number from 0 up to, without, `limit`. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }
}
