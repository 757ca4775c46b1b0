/** Sets of the numbers from 0 to `count` - 1, one each at first, that are joined until those that belong together are together. */
export class DisjointSets {
  readonly #parents: number[];

  constructor(count: number) {
    this.#parents = Array.from({ length: count }, (_, i) => i);
  }

  join(a: number, b: number): void {
    const [x, y] = [this.#root(a), this.#root(b)];
    // The smaller number leads, so that groups keep the order of their first members.
    this.#parents[Math.max(x, y)] = Math.min(x, y);
  }

  /** The sets, each in order, ordered by their first members. */
  groups(): readonly (readonly number[])[] {
    const groups = new Map<number, number[]>();
    for (let i = 0; i < this.#parents.length; i++) {
      const root = this.#root(i);
      const group = groups.get(root);
      if (group === undefined) groups.set(root, [i]);
      else group.push(i);
    }
    return [...groups.values()];
  }

  #root(of: number): number {
    let at = of;
    for (let parent = this.#parents[at] as number; parent !== at; parent = this.#parents[at] as number) {
      // Shortens the way for the next one.
      this.#parents[at] = this.#parents[parent] as number;
      at = parent;
    }
    return at;
  }
}
