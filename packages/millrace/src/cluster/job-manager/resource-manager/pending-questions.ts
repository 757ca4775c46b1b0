import type { Clock, ClockTimer } from "../../../common/clock/clock.ts";
import type { MillraceError } from "../../../common/errors/millrace-error.ts";

interface Pending {
  readonly settle: PromiseWithResolvers<unknown>;
  readonly timer: ClockTimer | undefined;
}

/** Calls that wait for their answer, by number. Each settles once: by its answer, by its timeout, or with all others when the other side is gone. */
export class PendingQuestions {
  readonly #clock: Clock;
  readonly #pending = new Map<number, Pending>();
  #last = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A number that was not used yet, for those who have none of their own. */
  next(): number {
    return ++this.#last;
  }

  /** @param timeout ms; undefined: it may take for ever */
  wait(request: number, timeout: number | undefined, late: () => MillraceError): Promise<unknown> {
    const settle = Promise.withResolvers<unknown>();
    const timer =
      timeout === undefined
        ? undefined
        : this.#clock.schedule(timeout, () => {
            this.#pending.delete(request);
            settle.reject(late());
          });
    this.#pending.set(request, { settle, timer });
    return settle.promise;
  }

  /** @returns whether somebody waited for it */
  answer(request: number, value: unknown): boolean {
    const pending = this.#take(request);
    pending?.settle.resolve(value);
    return pending !== undefined;
  }

  /** @returns whether somebody waited for it */
  refuse(request: number, error: Error): boolean {
    const pending = this.#take(request);
    pending?.settle.reject(error);
    return pending !== undefined;
  }

  refuseAll(error: Error): void {
    for (const request of this.#pending.keys()) this.refuse(request, error);
  }

  #take(request: number): Pending | undefined {
    const pending = this.#pending.get(request);
    this.#pending.delete(request);
    pending?.timer?.cancel();
    return pending;
  }
}
