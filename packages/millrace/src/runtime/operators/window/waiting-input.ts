import type { Timestamp } from "../../../common/time/timestamps.ts";

/** What came while an operator was firing: a record, or a watermark. */
export type WaitingInput =
  | { readonly kind: "record"; readonly value: unknown; readonly timestamp: Timestamp }
  | { readonly kind: "watermark"; readonly watermark: Timestamp };

/**
 * Input that reaches an operator while its cursor waits for room: what one call of an upstream user function still emits, and
 * therefore bounded by it. It is taken in order once the cursor is done.
 */
export class WaitingQueue {
  #items: WaitingInput[] = [];
  #next = 0;

  push(item: WaitingInput): void {
    this.#items.push(item);
  }

  take(): WaitingInput | undefined {
    const item = this.#items[this.#next];
    if (item === undefined) {
      this.#items = [];
      this.#next = 0;
      return undefined;
    }
    this.#next++;
    return item;
  }
}
