/** How much of what a task started from came from where: bytes of whole files, each counted once, however much of it was read. */
export class RestoredBytes {
  /** From copies on this machine's disk. */
  local = 0;
  /** From where checkpoints are kept. */
  remote = 0;
  readonly #seen = new Map<string, "local" | "remote">();

  /** A file is opened. One whose copy turned out to be of no use counts as remote from then on. */
  opened(path: string, length: number, where: "local" | "remote"): void {
    const before = this.#seen.get(path);
    if (before === where) return;
    if (before !== undefined) this[before] -= length;
    this.#seen.set(path, where);
    this[where] += length;
  }
}
