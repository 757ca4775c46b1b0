/** Randomness as the engine takes it: injected, so that simulations repeat. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
}

/** The host's randomness. */
export const systemRandom: Random = { next: () => Math.random() };

/**
 * A small seeded generator (the mulberry32 construction): 32 bits of state, good enough for tests and generators of
 * test data, never for secrets.
 */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return {
    next() {
      state = (state + 0x6d2b79f5) >>> 0;
      let t = Math.imul(state ^ (state >>> 15), state | 1);
      t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
    },
  };
}
