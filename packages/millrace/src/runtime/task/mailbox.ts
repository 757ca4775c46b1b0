import type { Mail } from "../operators/operator.ts";

/** What a task must do besides its input, in order of arrival. Single-threaded. */
export class Mailbox {
  #mails: Mail[] = [];
  #next = 0;
  readonly #wake: () => void;

  /** @param wake told of every mail, so that a sleeping task gets up */
  constructor(wake: () => void) {
    this.#wake = wake;
  }

  get empty(): boolean {
    return this.#next === this.#mails.length;
  }

  put(mail: Mail): void {
    this.#mails.push(mail);
    this.#wake();
  }

  /** Makes the task run again without a mail: something it waited for has changed. */
  wake(): void {
    this.#wake();
  }

  /** Runs the mails that are there now; those they put in come next time. */
  drain(): void {
    const mails = this.#mails;
    const end = mails.length;
    while (this.#next < end && mails === this.#mails) (mails[this.#next++] as Mail)();
    if (mails !== this.#mails) return;
    this.#mails = mails.length === end ? [] : mails.slice(end);
    this.#next = 0;
  }

  /** Forgets everything: the task is over. */
  clear(): void {
    this.#mails = [];
    this.#next = 0;
  }
}
