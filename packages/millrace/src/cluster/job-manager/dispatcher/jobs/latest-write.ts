/**
 * Writes values of which only the last counts: while one is being written, others wait, and of those all but the last are left out. So a storage
 * that is slow is never behind by more than one.
 */
export class LatestWrite<T> {
  readonly #write: (value: T) => Promise<void>;
  readonly #failed: (error: unknown) => void;
  #waiting: { readonly value: T } | undefined;
  #busy = false;

  /** @param failed a value could not be written; the next one is tried all the same */
  constructor(write: (value: T) => Promise<void>, failed: (error: unknown) => void) {
    this.#write = write;
    this.#failed = failed;
  }

  put(value: T): void {
    this.#waiting = { value };
    if (!this.#busy) void this.#run();
  }

  async #run(): Promise<void> {
    this.#busy = true;
    for (let next = this.#waiting; next !== undefined; next = this.#waiting) {
      this.#waiting = undefined;
      try {
        await this.#write(next.value);
      } catch (error) {
        this.#failed(error);
      }
    }
    this.#busy = false;
  }
}
