/**
 * Runs asynchronous work one after the other, and knows how many bytes it still holds. After the first failure the rest is
 * left undone.
 */
export class IoQueue {
  readonly #onProgress: () => void;
  readonly #onFailure: (error: unknown) => void;
  #tail: Promise<void> = Promise.resolve();
  #bytes = 0;
  #failed = false;
  #failure: unknown;

  /**
   * @param onProgress called after each piece of work
   * @param onFailure called once, with the first failure
   */
  constructor(onProgress: () => void, onFailure: (error: unknown) => void) {
    this.#onProgress = onProgress;
    this.#onFailure = onFailure;
  }

  /** Bytes handed over and not yet dealt with. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds work that holds so many bytes until it is done. */
  add(bytes: number, work: () => Promise<void>): void {
    this.#bytes += bytes;
    this.#tail = this.#tail.then(() => this.#run(bytes, work));
  }

  /** Settles when all that was added is done; throws the first failure. */
  async drain(): Promise<void> {
    await this.#tail;
    if (this.#failed) throw this.#failure;
  }

  /** Settles when nothing runs any more, whatever became of it. Work not begun is left undone. */
  async stop(): Promise<void> {
    this.#failed ||= true;
    await this.#tail;
  }

  async #run(bytes: number, work: () => Promise<void>): Promise<void> {
    try {
      if (!this.#failed) await work();
    } catch (error) {
      this.#failed = true;
      this.#failure = error;
      this.#onFailure(error);
    }
    this.#bytes -= bytes;
    this.#onProgress();
  }
}
