import type { Clock } from "../common/clock/clock.ts";

/** Signals that ask the process to end. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const satisfies readonly NodeJS.Signals[];

/**
 * Signals that follow each other more closely are one, ms: at a Ctrl-C the terminal sends one to everybody, and npm, npx and their like
 * send theirs on to what they run.
 */
const ECHO = 100;

/** What one more signal leads to. */
export type InterruptStep = (signal: NodeJS.Signals) => void;

/** Listens to the signals that ask the process to end: the first asks politely, each further one less so. */
export class Interrupts {
  /** The signal that came first. */
  signal: NodeJS.Signals | undefined;
  readonly #clock: Clock;
  readonly #steps: readonly InterruptStep[];
  #next = 0;
  #heard = -Infinity;

  /**
   * @param steps called one by one, a signal each. One more signal than there are steps, should the last not have ended the process, ends
   *   it without asking anybody
   */
  constructor(clock: Clock, ...steps: readonly InterruptStep[]) {
    this.#clock = clock;
    this.#steps = steps;
    for (const signal of SIGNALS) process.on(signal, this.#listener);
  }

  /** Signals have their usual effect again. */
  dispose(): void {
    for (const signal of SIGNALS) process.off(signal, this.#listener);
  }

  readonly #listener = (signal: NodeJS.Signals): void => {
    const now = this.#clock.monotonic();
    const echo = now - this.#heard < ECHO;
    this.#heard = now;
    if (echo) return;
    this.signal ??= signal;
    const step = this.#steps[this.#next++];
    if (this.#next >= this.#steps.length) this.dispose();
    step?.(signal);
  };
}
