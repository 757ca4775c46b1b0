import type { NativeBinding, NativeIterator } from "../binding/native-binding.ts";

/** Whom a walk tells. */
export interface CursorOwner {
  /** The error to throw for what went wrong. */
  failed(error: unknown): Error;
  closed(): void;
}

/**
 * A walk over rows as they were when it began. What stands in `key` and `value` is overwritten by any other call on the same
 * database: decode or copy it before.
 */
export class RocksCursor {
  key: Buffer;
  keyLength = 0;
  value: Buffer;
  valueLength = 0;
  /** Where the binding puts keys. */
  keys: Buffer;
  readonly #values: Buffer;
  readonly #native: NativeIterator;
  readonly #constants: NativeBinding["constants"];
  readonly #state: Uint32Array;
  readonly #owner: CursorOwner;
  #open = true;

  constructor(
    native: NativeIterator,
    constants: NativeBinding["constants"],
    state: Uint32Array,
    values: Buffer,
    owner: CursorOwner,
  ) {
    this.#native = native;
    this.#constants = constants;
    this.#state = state;
    this.#values = values;
    this.#owner = owner;
    this.keys = values;
    this.key = values;
    this.value = values;
  }

  /** Moves to the next row; false at the end, where it closes itself. */
  next(): boolean {
    if (!this.#open) return false;
    const result = this.#next();
    if (result === this.#constants.ITERATOR_RESULT_FAST) {
      this.key = this.keys;
      this.value = this.#values;
      this.keyLength = this.#state[0]!;
      this.valueLength = this.#state[1]!;
      return true;
    }
    if (typeof result === "number") {
      this.close();
      return false;
    }
    this.key = result.key;
    this.value = result.value;
    this.keyLength = this.key.length;
    this.valueLength = this.value.length;
    return true;
  }

  #next(): ReturnType<NativeIterator["next"]> {
    try {
      return this.#native.next();
    } catch (error) {
      throw this.#owner.failed(error);
    }
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#owner.closed();
    this.#native.return();
  }
}
