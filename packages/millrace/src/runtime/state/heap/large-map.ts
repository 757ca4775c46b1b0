import { hashKey } from "../../../common/keys/hash-key.ts";
import type { KeyIndex } from "../../../common/keys/key-index.ts";

/** Above this many entries new keys go to shards: a Map holds 16.7 million at most, and doubling a large one stalls. */
const SHARD_ABOVE = 1 << 21;
const SHARDS = 256;

/**
 * A Map without bound: one Map until it is large, then new keys go to one of many by hash, while those in the first
 * stay where they are.
 */
export class LargeMap<K extends KeyIndex, V> {
  readonly #first = new Map<K, V>();
  #shards: readonly Map<K, V>[] | undefined;
  readonly #shardAbove: number;

  /** @param shardAbove entries in the first Map before shards are begun; smaller for tests */
  constructor(shardAbove = SHARD_ABOVE) {
    this.#shardAbove = shardAbove;
  }

  get size(): number {
    return (this.#shards ?? []).reduce((size, shard) => size + shard.size, this.#first.size);
  }

  get(key: K): V | undefined {
    const value = this.#first.get(key);
    return value !== undefined || this.#shards === undefined ? value : this.#shard(key).get(key);
  }

  /** Adds or replaces. `value` must not be undefined. */
  set(key: K, value: V): void {
    if (this.#shards === undefined) {
      if (this.#first.size < this.#shardAbove || this.#first.has(key)) {
        this.#first.set(key, value);
        return;
      }
      this.#shards = Array.from({ length: SHARDS }, () => new Map<K, V>());
    }
    if (this.#first.has(key)) this.#first.set(key, value);
    else this.#shard(key).set(key, value);
  }

  delete(key: K): void {
    if (!this.#first.delete(key) && this.#shards !== undefined) this.#shard(key).delete(key);
  }

  clear(): void {
    this.#first.clear();
    this.#shards = undefined;
  }

  #shard(key: K): Map<K, V> {
    return this.#shards![hashKey(key) & (SHARDS - 1)]!;
  }
}
