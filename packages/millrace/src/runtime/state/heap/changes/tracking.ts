/** However little state there is, so many removals may be remembered. */
const LEAST = 100_000;

/**
 * Whether a store remembers what was removed, for incremental checkpoints: shared by all that a store keeps. More removals than there are
 * entries are not worth remembering: then tracking ends, and the next checkpoint is a full one.
 */
export class ChangeTracking {
  on = false;
  #room = 0;

  /** From now on removals are remembered. @param entries that the store holds @param remembered removals of earlier snapshots */
  begin(entries: number, remembered: number): void {
    this.on = true;
    this.#room = Math.max(LEAST, entries) - remembered;
  }

  /** A removal was remembered. */
  spend(): void {
    if (--this.#room < 0) this.on = false;
  }
}
