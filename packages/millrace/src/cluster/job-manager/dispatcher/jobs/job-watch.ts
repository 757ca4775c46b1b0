import type { Clock, ClockTimer } from "../../../../common/clock/clock.ts";

/** What a watch is given. */
export interface JobWatchOptions {
  readonly clock: Clock;
  /** ms that the thread may be silent, about: it is noticed after one to one and a half times as long. */
  readonly patience: number;
  /** Asks the thread something; rejects when no answer came within `timeout` ms. */
  readonly ask: (timeout: number) => Promise<unknown>;
  /** The thread was silent for so long. Comes once. */
  readonly onSilent: () => void;
}

/**
 * Notices a thread whose own code never returns. Believes it after two questions in a row: one alone also goes without an answer where the
 * whole process was stopped for a while, whose timers are due before any message is read.
 *
 * @example
 * ```ts
 * const watch = new JobWatch({ clock, patience: 180_000, ask: (timeout) => call("describe", timeout), onSilent: () => end() });
 * watch.start();
 * watch.stop(); // when the thread has ended
 * ```
 */
export class JobWatch {
  readonly #options: JobWatchOptions;
  #timer: ClockTimer | undefined;
  #stopped = false;

  constructor(options: JobWatchOptions) {
    this.#options = options;
  }

  start(): void {
    const { clock, patience } = this.#options;
    this.#timer = clock.schedule(patience / 2, () => void this.#look());
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  async #look(): Promise<void> {
    const answered = (await this.#answers()) || (!this.#stopped && (await this.#answers()));
    if (this.#stopped) return;
    if (answered) this.start();
    else this.#options.onSilent();
  }

  async #answers(): Promise<boolean> {
    try {
      await this.#options.ask(this.#options.patience / 2);
      return true;
    } catch {
      return false;
    }
  }
}
