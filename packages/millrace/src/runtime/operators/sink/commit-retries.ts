import type { Clock, ClockTimer } from "../../../common/clock/clock.ts";
import type { Committer } from "../../../common/connector/sink.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";

/** Tries of one commit, and the first pause between them, ms. */
const COMMIT_TRIES = 10;
const COMMIT_PAUSE = 100;

/** Commits until everything is committed, with growing pauses; gives up after some tries. */
export class CommitRetries {
  readonly #clock: Clock;
  #timer: ClockTimer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * @param committed told of each that is
   * @param name of the sink, for errors
   * @throws SINK_FAILED after the last try, and what the committer throws
   */
  async commit(
    committer: Committer<unknown>,
    committables: readonly unknown[],
    committed: (index: number) => void,
    name: string,
  ): Promise<void> {
    let open = committables.map((committable, index) => ({ committable, index }));
    for (let tries = 1; open.length > 0; tries++) {
      const results = await committer.commit(open.map(({ committable }) => committable));
      const cause = results.find((result) => result.kind === "retry")?.cause;
      open = open.filter(({ index }, i) => {
        if (results[i]?.kind !== "committed") return true;
        committed(index);
        return false;
      });
      if (open.length === 0) return;
      if (tries === COMMIT_TRIES)
        throw new MillraceError("SINK_FAILED", `${open.length} commits of ${name} failed ${tries} times`, {
          cause,
        });
      await this.#pause(COMMIT_PAUSE * 2 ** (tries - 1));
    }
  }

  /** Nobody waits any more. */
  cancel(): void {
    this.#timer?.cancel();
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#timer = this.#clock.schedule(ms, resolve);
    });
  }
}
