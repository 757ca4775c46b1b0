/**
 * Which ids have changed since the last snapshot began: a bit each, so that the question, which every write asks, is answered
 * from the cache even for millions of keys.
 */
export class ChangeBits {
  #words = new Int32Array(4);

  has(id: number): boolean {
    return ((this.#words[id >>> 5]! >>> (id & 31)) & 1) === 1;
  }

  /** `id` is less than `reserve` was told. */
  add(id: number): void {
    this.#words[id >>> 5]! |= 1 << (id & 31);
  }

  clear(): void {
    this.#words.fill(0);
  }

  /** Makes place for ids below `count`. */
  reserve(count: number): void {
    if (count <= this.#words.length * 32) return;
    const grown = new Int32Array(Math.max(this.#words.length * 2, (count + 31) >>> 5));
    grown.set(this.#words);
    this.#words = grown;
  }
}
