import { PollStatus } from "../../../common/connector/source.ts";
import type { Source, SourceReader, SourceSplit } from "../../../common/connector/source.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";

/** The numbers [at, end). */
export interface NumbersSplit extends SourceSplit {
  readonly at: number;
  readonly end: number;
}

/** A source whose reader reads one split after the other, and stands where the test wants it to: it reads up to `limit` records in all. */
export class NumbersSource implements Source<number, NumbersSplit> {
  readonly name = "numbers";
  readonly boundedness = "bounded";
  readonly guarantee = "exactly-once";
  /** Records that may be read; raise it, then wake the task. */
  limit = Infinity;
  /** Checkpoints that readers heard to be complete. */
  readonly completed: number[] = [];
  /** Wakes the last reader's task. */
  wakeUp: () => void = () => {};

  createEnumerator(): never {
    throw new MillraceError("INTERNAL", "the test is the enumerator");
  }

  createReader(context: { wakeUp(): void }): SourceReader<number, NumbersSplit> {
    this.wakeUp = () => context.wakeUp();
    const splits: { splitId: string; at: number; end: number }[] = [];
    let last = false;
    return {
      start() {},
      pollNext: (output, limit) => {
        for (let read = 0; read < limit && !output.blocked; read++) {
          const split = splits[0];
          if (split === undefined) return last ? PollStatus.END : PollStatus.NOTHING;
          if (this.limit === 0) return PollStatus.NOTHING;
          this.limit--;
          output.forSplit(split.splitId).collect(split.at++, split.at);
          if (split.at < split.end) continue;
          output.releaseSplit(split.splitId);
          splits.shift();
        }
        return PollStatus.MORE;
      },
      addSplits: (added) => void splits.push(...added.map((split) => ({ ...split }))),
      notifyNoMoreSplits: () => void (last = true),
      snapshotState: () => splits.map((split) => ({ ...split })),
      notifyCheckpointComplete: (id) => void this.completed.push(id),
      close() {},
    };
  }
}
