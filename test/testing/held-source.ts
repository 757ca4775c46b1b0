import { PollStatus } from "millrace";
import type { ReaderOutput, Source, SourceReader, SourceReaderContext, SourceSplit } from "millrace";

/** How a source's readers hold. */
export interface Hold<T> {
  /** Whether readers hold; once it is false, they give the rest as fast as it is taken. */
  readonly holds: () => boolean;
  /** How many records each reader gives at once. */
  readonly first: (parallelism: number) => number;
  /** Records a second that each gives afterwards. Default none. */
  readonly rate?: (parallelism: number) => number;
  /** After a record of which it is true, no other is given. */
  readonly stopsAfter?: (record: T) => boolean;
  /** Asked by a reader that has given its first records: after as many more as it answers, it calls `fail`. */
  readonly failsAfter?: (parallelism: number) => number | undefined;
  /** Throws. */
  readonly fail?: () => never;
}

/** How often who holds looks for what it waits for, ms. */
const LOOK = 4;

/**
 * A source whose readers give a part of its records and wait, for as long as it takes, until they are let go: what a test does meanwhile is
 * done in the middle of a job, however slow the machine is.
 */
export function heldSource<T, S extends SourceSplit, E>(
  source: Source<T, S, E>,
  hold: Hold<T>,
): Source<T, S, E> {
  return {
    ...source,
    createReader: (context) => heldReader(source.createReader(context), context, hold),
  };
}

function heldReader<T, S>(
  inner: SourceReader<T, S>,
  context: SourceReaderContext,
  { holds, first, rate, stopsAfter, failsAfter, fail }: Hold<T>,
): SourceReader<T, S> {
  const { parallelism } = context.runtime;
  const perLook = ((rate?.(parallelism) ?? 0) * LOOK) / 1000;
  let left = first(parallelism);
  let stopped = false;
  let failing = false;
  let looks = false;
  const outputs = new Map<ReaderOutput<T>, ReaderOutput<T>>();
  const counted = (output: ReaderOutput<T>): ReaderOutput<T> => {
    const known = outputs.get(output);
    if (known !== undefined) return known;
    const own: ReaderOutput<T> = {
      get blocked() {
        return left < 1 || stopped || output.blocked;
      },
      collect(value, timestamp) {
        left--;
        stopped ||= stopsAfter?.(value) === true;
        output.collect(value, timestamp);
      },
      forSplit: (id) => counted(output.forSplit(id)),
      releaseSplit: (id) => output.releaseSplit(id),
      malformed: (record) => output.malformed(record),
    };
    outputs.set(output, own);
    return own;
  };
  const lookAgain = (): void => {
    if (looks) return;
    looks = true;
    context.clock.schedule(LOOK, () => {
      looks = false;
      left += perLook;
      context.wakeUp();
    });
  };
  return {
    start: () => inner.start(),
    addSplits: (splits, begun) => inner.addSplits(splits, begun),
    beginSplits: (output) => inner.beginSplits?.(counted(output)),
    notifyNoMoreSplits: () => inner.notifyNoMoreSplits(),
    pollNext(output, limit) {
      if (!failing && !holds()) {
        left = Infinity;
        stopped = false;
      }
      if (left < 1 && !failing) {
        const more = failsAfter?.(parallelism);
        if (more !== undefined) {
          failing = true;
          left = more;
        }
      }
      if (left < 1 && failing) fail?.();
      const status = inner.pollNext(counted(output), Math.min(limit, Math.max(1, Math.floor(left))));
      if (left >= 1 && !stopped) return status;
      if (failing) return PollStatus.MORE;
      lookAgain();
      return status === PollStatus.END ? status : PollStatus.NOTHING;
    },
    snapshotState: (checkpointId) => inner.snapshotState(checkpointId),
    pauseOrResumeSplits: (pause, resume) => inner.pauseOrResumeSplits?.(pause, resume),
    close: () => inner.close(),
  };
}
