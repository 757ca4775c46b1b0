import type { AsyncControl, AsyncEntry } from "./async-entry.ts";
import type { AsyncQueue } from "./async-queue.ts";
import { Fifo } from "./fifo.ts";

/** The records between two controls. */
class Segment {
  /** Not yet emitted, in the order they came. */
  readonly entries = new Set<AsyncEntry>();
  /** Those with an outcome, in the order it came. */
  readonly ready = new Fifo<AsyncEntry>();
}

/** Results leave as they come, but none crosses a watermark. */
export class UnorderedQueue implements AsyncQueue {
  readonly #items = new Fifo<Segment | AsyncControl>();
  readonly #segments = new Map<AsyncEntry, Segment>();

  get size(): number {
    return this.#segments.size;
  }

  get empty(): boolean {
    return this.#items.size === 0;
  }

  push(entry: AsyncEntry): void {
    let last = this.#items.last();
    if (!(last instanceof Segment)) {
      last = new Segment();
      this.#items.push(last);
    }
    last.entries.add(entry);
    this.#segments.set(entry, last);
  }

  pushControl(control: AsyncControl): void {
    this.#items.push(control);
  }

  complete(entry: AsyncEntry): void {
    this.#segments.get(entry)?.ready.push(entry);
  }

  head(): AsyncEntry | AsyncControl | undefined {
    const first = this.#items.peek();
    return first instanceof Segment ? first.ready.peek() : first;
  }

  shift(): void {
    const first = this.#items.peek();
    if (first instanceof Segment) {
      const entry = first.ready.shift();
      if (entry === undefined) return;
      first.entries.delete(entry);
      this.#segments.delete(entry);
      if (first.entries.size > 0) return;
    }
    this.#items.shift();
  }

  entries(): readonly AsyncEntry[] {
    return this.#items.toArray().flatMap((item) => (item instanceof Segment ? [...item.entries] : []));
  }
}
