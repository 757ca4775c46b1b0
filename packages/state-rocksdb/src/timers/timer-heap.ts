import { isBefore, type Timer } from "./timer.ts";

/** Children of a node: four instead of two halve the levels. */
const ARITY = 4;

/** Timers, of which the one that fires first is on top. */
export class TimerHeap {
  #items: Timer[] = [];

  get size(): number {
    return this.#items.length;
  }

  get top(): Timer | undefined {
    return this.#items[0];
  }

  push(timer: Timer): void {
    const items = this.#items;
    let at = items.length;
    items.push(timer);
    while (at > 0) {
      const parent = (at - 1) >> 2;
      if (!isBefore(timer, items[parent]!.time, items[parent]!.number)) break;
      items[at] = items[parent]!;
      at = parent;
    }
    items[at] = timer;
  }

  /** Takes the top out. */
  pop(): void {
    const last = this.#items.pop();
    if (last === undefined || this.#items.length === 0) return;
    this.#items[0] = last;
    this.#sink(0);
  }

  /** Keeps only what passes. */
  filter(keep: (timer: Timer) => boolean): void {
    this.#items = this.#items.filter(keep);
    for (let i = Math.floor((this.#items.length - 2) / ARITY); i >= 0; i--) this.#sink(i);
  }

  /** All of them, first to fire first; takes them out. */
  drain(): Timer[] {
    const items = this.#items.sort((a, b) => (isBefore(a, b.time, b.number) ? -1 : 1));
    this.#items = [];
    return items;
  }

  #sink(start: number): void {
    const items = this.#items;
    const timer = items[start]!;
    let at = start;
    for (;;) {
      const first = ARITY * at + 1;
      if (first >= items.length) break;
      let least = first;
      for (let child = first + 1; child < Math.min(first + ARITY, items.length); child++) {
        if (isBefore(items[child]!, items[least]!.time, items[least]!.number)) least = child;
      }
      if (!isBefore(items[least]!, timer.time, timer.number)) break;
      items[at] = items[least]!;
      at = least;
    }
    items[at] = timer;
  }
}
