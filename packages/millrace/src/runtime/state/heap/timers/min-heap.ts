/** Children of a node: four instead of two halve the levels. */
const ARITY = 4;

/** A heap of things that have a time: the earliest is on top. */
export class MinHeap<T extends { readonly time: number }> {
  #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  get top(): T | undefined {
    return this.#items[0];
  }

  /** In no particular order. */
  get items(): readonly T[] {
    return this.#items;
  }

  push(item: T): void {
    const items = this.#items;
    let at = items.length;
    items.push(item);
    while (at > 0) {
      const parent = Math.floor((at - 1) / ARITY);
      if (items[parent]!.time <= item.time) break;
      items[at] = items[parent]!;
      at = parent;
    }
    items[at] = item;
  }

  /** Takes the top out. */
  pop(): void {
    const last = this.#items.pop();
    if (last === undefined || this.#items.length === 0) return;
    this.#items[0] = last;
    this.#sink(0);
  }

  /** Keeps only what passes. */
  filter(keep: (item: T) => boolean): void {
    this.#items = this.#items.filter(keep);
    for (let i = Math.floor((this.#items.length - 2) / ARITY); i >= 0; i--) this.#sink(i);
  }

  #sink(start: number): void {
    const items = this.#items;
    const item = items[start]!;
    let at = start;
    for (;;) {
      const first = ARITY * at + 1;
      if (first >= items.length) break;
      const end = Math.min(first + ARITY, items.length);
      let least = first;
      for (let child = first + 1; child < end; child++) {
        if (items[child]!.time < items[least]!.time) least = child;
      }
      if (items[least]!.time >= item.time) break;
      items[at] = items[least]!;
      at = least;
    }
    items[at] = item;
  }
}
