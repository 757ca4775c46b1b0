import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * Gives back the memory of exchanges that are over. V8 does not count shared memory towards what makes it collect: the main thread of a process
 * whose slots come and go has a small and quiet heap, and would keep the pools of hundreds of past attempts until it happens to look.
 * So it is told to look whenever enough has been let go of; with a heap of that size this takes some ms.
 */
export class SharedMemoryReclaimer {
  readonly #enough: number;
  #released = 0;

  /** @param enough bytes that may wait to be given back */
  constructor(enough: number) {
    this.#enough = enough;
  }

  /** So many bytes, about, were let go of; within this turn they may still be held. */
  released(bytes: number): void {
    this.#released += bytes;
    if (this.#released < this.#enough) return;
    this.#released = 0;
    setImmediate(() => (collect ??= exposeCollection())());
  }
}

let collect: (() => void) | undefined;

/** What `--expose-gc` gives, without a flag that every process would have to be started with. */
function exposeCollection(): () => void {
  setFlagsFromString("--expose-gc");
  const found = runInNewContext("globalThis.gc") as (() => void) | undefined;
  setFlagsFromString("--no-expose-gc");
  return found ?? (() => {});
}
