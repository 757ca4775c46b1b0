/** Up to this many namespaces are searched one by one. */
const LINEAR = 8;

/**
 * What one key holds in each of its namespaces (windows): usually one or two, so two small arrays rather than a Map, which
 * takes over when there are many. Not changed but through its methods; undefined is nothing.
 */
export class NamespaceCells {
  #names: string[] = [];
  #cells: unknown[] = [];
  #map: Map<string, unknown> | undefined;

  get size(): number {
    return this.#map?.size ?? this.#names.length;
  }

  get(namespace: string): unknown {
    if (this.#map !== undefined) return this.#map.get(namespace);
    const at = this.#names.indexOf(namespace);
    return at < 0 ? undefined : this.#cells[at];
  }

  set(namespace: string, stored: unknown): void {
    if (this.#map !== undefined) {
      this.#map.set(namespace, stored);
      return;
    }
    const at = this.#names.indexOf(namespace);
    if (at >= 0) {
      this.#cells[at] = stored;
      return;
    }
    this.#names.push(namespace);
    this.#cells.push(stored);
    if (this.#names.length > LINEAR) this.#toMap();
  }

  delete(namespace: string): void {
    if (this.#map !== undefined) {
      this.#map.delete(namespace);
      return;
    }
    const at = this.#names.indexOf(namespace);
    if (at < 0) return;
    this.#names.splice(at, 1);
    this.#cells.splice(at, 1);
  }

  /** All of them, as they are now. */
  entries(): [namespace: string, stored: unknown][] {
    if (this.#map !== undefined) return [...this.#map];
    return this.#names.map((namespace, i) => [namespace, this.#cells[i]]);
  }

  /** What is stored in all of them. */
  cells(): Iterable<unknown> {
    return this.#map === undefined ? this.#cells : this.#map.values();
  }

  #toMap(): void {
    this.#map = new Map(this.#names.map((namespace, i) => [namespace, this.#cells[i]]));
    this.#names = [];
    this.#cells = [];
  }
}
