/** Signals that ask the process to end. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const satisfies readonly NodeJS.Signals[];

/** Listens to the signals that ask the process to end: the first asks politely, the second means at once. */
export class Interrupts {
  /** The signal that came first. */
  signal: NodeJS.Signals | undefined;
  readonly #first: (signal: NodeJS.Signals) => void;
  readonly #second: (signal: NodeJS.Signals) => void;

  /**
   * @param first called at the first signal
   * @param second called at the second; a third, should this one not end the process, ends it without asking anybody
   */
  constructor(first: (signal: NodeJS.Signals) => void, second: (signal: NodeJS.Signals) => void) {
    this.#first = first;
    this.#second = second;
    for (const signal of SIGNALS) process.on(signal, this.#listener);
  }

  /** Signals have their usual effect again. */
  dispose(): void {
    for (const signal of SIGNALS) process.off(signal, this.#listener);
  }

  readonly #listener = (signal: NodeJS.Signals): void => {
    if (this.signal === undefined) {
      this.signal = signal;
      this.#first(signal);
      return;
    }
    this.dispose();
    this.#second(signal);
  };
}
