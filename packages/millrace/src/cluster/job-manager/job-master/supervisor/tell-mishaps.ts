import type { Clock } from "../../../../common/clock/clock.ts";
import type { JobMishaps } from "../../../../protocol/cluster/job-history.ts";
import type { ExceptionView } from "../../../../protocol/cluster/job-view.ts";

/** Characters of a stack that are handed on: the first frames, and the first cause. */
const MAX_STACK = 4000;

/**
 * Tells what a job has been through whenever something has changed, once for all that happens in a turn: a thousand tasks that fail together
 * are told together.
 */
export class TellMishaps {
  readonly #clock: Clock;
  readonly #look: () => JobMishaps;
  readonly #tell: (mishaps: JobMishaps) => void;
  #due = false;

  constructor(clock: Clock, look: () => JobMishaps, tell: (mishaps: JobMishaps) => void) {
    this.#clock = clock;
    this.#look = look;
    this.#tell = tell;
  }

  changed(): void {
    if (this.#due) return;
    this.#due = true;
    this.#clock.yield(() => {
      this.#due = false;
      const { exceptions, ...mishaps } = this.#look();
      this.#tell({ ...mishaps, exceptions: exceptions.map(shortened) });
    });
  }
}

const shortened = (exception: ExceptionView): ExceptionView => ({
  ...exception,
  stack: exception.stack.slice(0, MAX_STACK),
});
