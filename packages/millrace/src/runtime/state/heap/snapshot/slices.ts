import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { SnapshotPace } from "../../keyed-snapshot.ts";

/** Units of work between two looks at the pace: so many rows of the usual size take a few dozen microseconds. */
export const LOOK_EVERY = 64;
/** Bytes on their way to the file from which on the snapshot waits for it. */
const LARGEST_BACKLOG = 4 * 1024 * 1024;

/** What a snapshot writes to. */
export interface Backlog {
  readonly backlog: number;
  drained(): Promise<void>;
}

/**
 * Keeps a snapshot to its slices: count work with `spend`, and await `rest` when that says so. When the snapshot is given up, `rest` rejects,
 * also for who is waiting in it.
 */
export class Slices {
  readonly #pace: SnapshotPace;
  readonly #sink: Backlog;
  readonly #lookEvery: number;
  #left: number;
  #aborted: MillraceError | undefined;
  #wake: ((error: MillraceError) => void) | undefined;

  /** @param lookEvery units of work between two looks at the pace */
  constructor(pace: SnapshotPace, sink: Backlog, lookEvery: number) {
    this.#pace = pace;
    this.#sink = sink;
    this.#lookEvery = lookEvery;
    this.#left = lookEvery;
  }

  /** Whether it is time to rest, after so many rows or their like in work. */
  spend(work: number): boolean {
    this.#left -= work;
    if (this.#left > 0) return false;
    this.#left = this.#lookEvery;
    return this.#pace.over || this.#sink.backlog > LARGEST_BACKLOG;
  }

  /** Until the next slice, and until the file has caught up. @throws CHECKPOINT_ABORTED */
  async rest(): Promise<void> {
    if (this.#sink.backlog > LARGEST_BACKLOG) await this.unlessAborted(this.#sink.drained());
    await this.unlessAborted(this.#pace.next());
  }

  /** What `work` answers, unless the snapshot is given up before. */
  unlessAborted<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#aborted !== undefined) {
        // Nobody hears of it any more.
        work.catch(() => {});
        reject(this.#aborted);
        return;
      }
      this.#wake = reject;
      const settle =
        <V>(done: (value: V) => void) =>
        (value: V): void => {
          this.#wake = undefined;
          done(value);
        };
      work.then(settle(resolve), settle(reject));
    });
  }

  abort(): void {
    this.#aborted ??= aborted();
    this.#wake?.(this.#aborted);
    this.#wake = undefined;
  }
}

/** The error for who writes a snapshot that was given up. */
export function aborted(): MillraceError {
  return new MillraceError("CHECKPOINT_ABORTED", "the checkpoint was given up while its state was written");
}
