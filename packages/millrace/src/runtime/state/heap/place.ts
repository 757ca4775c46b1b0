/**
 * Where one state of the current key stands: what handles are built on. What is stored depends on the kind of state
 * (see `Layout`); undefined means nothing.
 */
export interface Place {
  get(): unknown;
  /** What is stored, about to be changed in place: its old image is safe. */
  getForChange(): unknown;
  /** Stores or replaces; never undefined. */
  set(stored: unknown): void;
  clear(): void;
}
