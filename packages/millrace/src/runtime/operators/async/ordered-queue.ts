import { AsyncEntry, type AsyncControl } from "./async-entry.ts";
import type { AsyncQueue } from "./async-queue.ts";
import { Fifo } from "./fifo.ts";

/** Results leave in the order of their records. */
export class OrderedQueue implements AsyncQueue {
  readonly #items = new Fifo<AsyncEntry | AsyncControl>();
  size = 0;

  get empty(): boolean {
    return this.#items.size === 0;
  }

  push(entry: AsyncEntry): void {
    this.#items.push(entry);
    this.size++;
  }

  pushControl(control: AsyncControl): void {
    this.#items.push(control);
  }

  complete(): void {}

  head(): AsyncEntry | AsyncControl | undefined {
    const item = this.#items.peek();
    return item instanceof AsyncEntry && item.outcome === undefined ? undefined : item;
  }

  shift(): void {
    if (this.#items.shift() instanceof AsyncEntry) this.size--;
  }

  entries(): readonly AsyncEntry[] {
    return this.#items.toArray().filter((item) => item instanceof AsyncEntry);
  }
}
