/** Signals that ask the process to end. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const satisfies readonly NodeJS.Signals[];

/** What one more signal leads to. */
export type InterruptStep = (signal: NodeJS.Signals) => void;

/** Listens to the signals that ask the process to end: the first asks politely, each further one less so. */
export class Interrupts {
  /** The signal that came first. */
  signal: NodeJS.Signals | undefined;
  readonly #steps: readonly InterruptStep[];
  #next = 0;

  /**
   * @param steps called one by one, a signal each. One more signal than there are steps, should the last not have ended the process, ends
   *   it without asking anybody
   */
  constructor(...steps: readonly InterruptStep[]) {
    this.#steps = steps;
    for (const signal of SIGNALS) process.on(signal, this.#listener);
  }

  /** Signals have their usual effect again. */
  dispose(): void {
    for (const signal of SIGNALS) process.off(signal, this.#listener);
  }

  readonly #listener = (signal: NodeJS.Signals): void => {
    this.signal ??= signal;
    const step = this.#steps[this.#next++];
    if (this.#next >= this.#steps.length) this.dispose();
    step?.(signal);
  };
}
