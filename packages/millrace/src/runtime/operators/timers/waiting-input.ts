import type { Timestamp } from "../../../common/time/timestamps.ts";

/** What came while an operator was in an output loop. */
export type WaitingInput =
  | { readonly kind: "record"; readonly input: 0 | 1; readonly value: unknown; readonly timestamp: Timestamp }
  | { readonly kind: "watermark"; readonly watermark: Timestamp }
  | { readonly kind: "idle"; readonly idle: boolean };

/**
 * Input that reaches an operator while its output loop waits for room: what a single call of an upstream user function still
 * emits, and therefore bounded by it. Taken in order afterwards.
 */
export class WaitingInputs {
  #items: WaitingInput[] = [];
  #next = 0;

  push(item: WaitingInput): void {
    this.#items.push(item);
  }

  take(): WaitingInput | undefined {
    const item = this.#items[this.#next];
    if (item !== undefined) {
      this.#next++;
      return item;
    }
    this.#items = [];
    this.#next = 0;
    return undefined;
  }
}
