import { PollStatus } from "millrace";
import type { ReaderOutput, Source, SourceReader, SourceSplit } from "millrace";

/**
 * Hands out prepared records in turn, as fast as they are taken: what is measured behind it is not the making of records.
 *
 * @param records are handed out again and again, `count` in all by each subtask
 * @param timestamp the event time of the record at a position
 */
export function preparedSource<T>(
  records: readonly T[],
  count: number,
  timestamp: (position: number) => number,
): Source<T> {
  return {
    name: "prepared source",
    boundedness: "bounded",
    guarantee: "at-most-once",
    createEnumerator: () => ({
      start() {},
      addReader() {},
      handleSplitRequest() {},
      addSplitsBack() {},
      snapshotState: () => ({}),
      close() {},
    }),
    createReader: () => new PreparedReader(records, count, timestamp),
  };
}

class PreparedReader<T> implements SourceReader<T, SourceSplit> {
  readonly #records: readonly T[];
  readonly #count: number;
  readonly #timestamp: (position: number) => number;
  #next = 0;
  #output: ReaderOutput<T> | undefined;

  constructor(records: readonly T[], count: number, timestamp: (position: number) => number) {
    this.#records = records;
    this.#count = count;
    this.#timestamp = timestamp;
  }

  start(): void {}

  pollNext(main: ReaderOutput<T>, limit: number): PollStatus {
    const output = (this.#output ??= main.forSplit("all"));
    const records = this.#records;
    const mask = records.length - 1;
    const end = Math.min(this.#next + limit, this.#count);
    while (this.#next < end) {
      const position = this.#next++;
      output.collect(records[position & mask] as T, this.#timestamp(position));
      if (output.blocked) break;
    }
    return this.#next < this.#count ? PollStatus.MORE : PollStatus.END;
  }

  addSplits(): void {}
  notifyNoMoreSplits(): void {}
  snapshotState(): readonly SourceSplit[] {
    return [];
  }
  close(): void {}
}
