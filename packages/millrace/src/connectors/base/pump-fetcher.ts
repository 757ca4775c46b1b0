import type { SplitBatch, SplitFetcher } from "./split-batch.ts";

/** How many items may wait to be taken. */
const CAPACITY = 1024;

/** What a PumpFetcher draws from. */
export interface Pumped<I, T, S> {
  /** Opens the items; called once. */
  open(): AsyncIterator<I> | Iterator<I>;
  /** Makes a batch of items in order. */
  batch(items: readonly I[]): SplitBatch<T, S>;
  /** Tells whoever makes the items that no more are wanted. */
  abort(): void;
}

/**
 * Draws items from an iterator into a bounded buffer, ahead of the reader that takes them in batches: items that are there at
 * once cost no wake-up each.
 */
export class PumpFetcher<I, T, S> implements SplitFetcher<T, S> {
  readonly #pumped: Pumped<I, T, S>;
  #iterator: AsyncIterator<I> | Iterator<I> | undefined;
  #items: I[] = [];
  #ended = false;
  #closed = false;
  #failed = false;
  #failure: unknown;
  /** Called when something has changed for a `fetch` that waits, or for the pump that waits for room. */
  #onItems: (() => void) | undefined;
  #onRoom: (() => void) | undefined;

  constructor(pumped: Pumped<I, T, S>) {
    this.#pumped = pumped;
  }

  async fetch(): Promise<SplitBatch<T, S> | null> {
    if (this.#iterator === undefined) {
      this.#iterator = this.#pumped.open();
      void this.#pump(this.#iterator);
    }
    while (this.#items.length === 0 && !this.#ended && !this.#failed) {
      await new Promise<void>((resolve) => {
        this.#onItems = resolve;
      });
    }
    if (this.#items.length > 0) {
      const items = this.#items;
      this.#items = [];
      this.#onRoom?.();
      return this.#pumped.batch(items);
    }
    if (this.#failed) throw this.#failure;
    return null;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#pumped.abort();
    this.#onRoom?.();
    this.#onItems?.();
    if (!this.#ended && !this.#failed) void this.#return();
    this.#ended = true;
  }

  /** Draws until the end; never rejects. */
  async #pump(iterator: AsyncIterator<I> | Iterator<I>): Promise<void> {
    try {
      while (!this.#closed) {
        const next = await iterator.next();
        if (next.done === true) break;
        this.#items.push(next.value);
        this.#onItems?.();
        while (this.#items.length >= CAPACITY && !this.#closed) {
          await new Promise<void>((resolve) => {
            this.#onRoom = resolve;
          });
        }
      }
      this.#ended = true;
    } catch (error) {
      this.#failed = true;
      this.#failure = error;
    }
    this.#onItems?.();
  }

  /** Lets the iterator clean up; what that throws comes too late to matter. */
  async #return(): Promise<void> {
    try {
      await this.#iterator?.return?.();
    } catch {
      // The reader is gone.
    }
  }
}

/** An iterator over either kind of iterable. */
export function iteratorOf<I>(iterable: AsyncIterable<I> | Iterable<I>): AsyncIterator<I> | Iterator<I> {
  return Symbol.asyncIterator in iterable ? iterable[Symbol.asyncIterator]() : iterable[Symbol.iterator]();
}
