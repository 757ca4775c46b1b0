import type { Clock } from "../../common/clock/clock.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import type { SnapshotPace } from "../state/keyed-snapshot.ts";

/** ms that writing may take at a time. */
const SLICE = 1;
/** A busy task works this many times as long as the slice before took, until it writes again. */
const WORK_SHARE = 3;

interface Waiting {
  resolve(): void;
  reject(error: MillraceError): void;
}

/**
 * Gives the writing of one checkpoint its slices: at once while its task has nothing else to do, else a small share of the time, so that
 * records go on. Slices begin when the task has returned from its own, so never within a record.
 */
export class SnapshotPacer implements SnapshotPace {
  readonly #clock: Clock;
  readonly #wake: () => void;
  #begun = 0;
  /** A busy task writes again from then on. */
  #notBefore = 0;
  #waiting: Waiting | undefined;
  #aborted: MillraceError | undefined;

  /** @param wake lets the task run, which grants a slice when it is done */
  constructor(clock: Clock, wake: () => void) {
    this.#clock = clock;
    this.#wake = wake;
  }

  get over(): boolean {
    return this.#aborted !== undefined || this.#clock.monotonic() - this.#begun >= SLICE;
  }

  async next(): Promise<void> {
    const now = this.#clock.monotonic();
    if (this.#begun > 0) this.#notBefore = now + WORK_SHARE * Math.max(SLICE, now - this.#begun);
    await new Promise<void>((resolve, reject) => {
      if (this.#aborted !== undefined) reject(this.#aborted);
      else {
        this.#waiting = { resolve, reject };
        this.#wake();
      }
    });
    this.#begun = this.#clock.monotonic();
  }

  /** For the task, at the end of its own slice. @param busy whether it has more to do at once */
  grant(busy: boolean): void {
    const waiting = this.#waiting;
    if (waiting === undefined || (busy && this.#clock.monotonic() < this.#notBefore)) return;
    this.#waiting = undefined;
    waiting.resolve();
  }

  /** There are no more slices. */
  abort(): void {
    this.#aborted ??= new MillraceError(
      "CHECKPOINT_ABORTED",
      "the checkpoint was given up while its state was written",
    );
    this.#waiting?.reject(this.#aborted);
    this.#waiting = undefined;
  }
}
