import type { NativeBinding, NativeIterator } from "../binding/native-binding.ts";

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
  readonly #onClose: () => void;
  #open = true;

  constructor(
    native: NativeIterator,
    constants: NativeBinding["constants"],
    state: Uint32Array,
    values: Buffer,
    onClose: () => void,
  ) {
    this.#native = native;
    this.#constants = constants;
    this.#state = state;
    this.#values = values;
    this.#onClose = onClose;
    this.keys = values;
    this.key = values;
    this.value = values;
  }

  /** Moves to the next row; false at the end, where it closes itself. */
  next(): boolean {
    if (!this.#open) return false;
    const result = this.#native.next();
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

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#onClose();
    this.#native.return();
  }
}
