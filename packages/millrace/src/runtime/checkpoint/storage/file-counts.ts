/** How many checkpoints name each file: decides what may be removed, and touches nothing. */
export class FileCounts {
  readonly #counts = new Map<string, number>();

  has(path: string): boolean {
    return this.#counts.has(path);
  }

  /** One more checkpoint names these. */
  retain(paths: Iterable<string>): void {
    for (const path of paths) this.#counts.set(path, (this.#counts.get(path) ?? 0) + 1);
  }

  /** One less names these. @returns those that nobody names any more */
  release(paths: Iterable<string>): readonly string[] {
    const gone: string[] = [];
    for (const path of paths) {
      const count = (this.#counts.get(path) ?? 0) - 1;
      if (count > 0) {
        this.#counts.set(path, count);
      } else if (this.#counts.delete(path)) {
        gone.push(path);
      }
    }
    return gone;
  }
}
