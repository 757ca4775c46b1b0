import { workerData } from "node:worker_threads";

/** Bytes that a thread may have printed and the main thread not taken yet. */
const LIMIT = 1024 * 1024;
/** How long a thread sleeps at most before it looks again, in ms. */
const NAP = 1000;

/**
 * What a worker thread has printed, and its main thread has not taken yet, counted in memory that both share: user code that prints without end,
 * and never gives its thread back, must wait, instead of filling the memory of the process with its messages.
 */
export class OutputCredit {
  /** For the worker's data. */
  readonly buffer: SharedArrayBuffer;
  readonly #bytes: Int32Array;

  constructor(buffer = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer;
    this.#bytes = new Int32Array(buffer);
  }

  /** In a worker: that which its main thread gave it (`workerData.output`); one of its own where it gave none, which never runs out. */
  static ofThisThread(): OutputCredit {
    const { output } = (workerData ?? {}) as { readonly output?: unknown };
    return output instanceof SharedArrayBuffer ? new OutputCredit(output) : new UnboundedCredit();
  }

  /** In the worker, before it sends. */
  sent(bytes: number): void {
    Atomics.add(this.#bytes, 0, bytes);
  }

  /** In the main thread, once it has written what was sent. */
  taken(bytes: number): void {
    Atomics.sub(this.#bytes, 0, bytes);
    Atomics.notify(this.#bytes, 0);
  }

  /** In the worker: returns when less than the limit is on its way. The main thread must not wait for this one meanwhile. */
  wait(): void {
    for (let bytes = Atomics.load(this.#bytes, 0); bytes >= LIMIT; bytes = Atomics.load(this.#bytes, 0))
      Atomics.wait(this.#bytes, 0, bytes, NAP);
  }
}

class UnboundedCredit extends OutputCredit {
  override wait(): void {}
}
