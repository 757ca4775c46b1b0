import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { preview } from "../../../common/errors/preview.ts";
import type { KeySelector, PartitionFunction } from "../../../common/functions/functions.ts";
import type { Timestamp } from "../../../common/time/timestamps.ts";
import type { ChannelWriter } from "../channel.ts";
import { keyedError } from "./keyed-error.ts";
import { RecordWriter } from "./record-writer.ts";

/** Each record to the channel that the user's partition function says. */
export class CustomWriter extends RecordWriter {
  readonly #keySelector: KeySelector<unknown, unknown>;
  readonly #partition: PartitionFunction<unknown>;
  readonly #where: string;

  /** @param where names the place in errors: "partitionCustom after parse" */
  constructor(
    channels: readonly ChannelWriter[],
    keySelector: KeySelector<unknown, unknown>,
    partition: PartitionFunction<unknown>,
    where: string,
  ) {
    super(channels);
    this.#keySelector = keySelector;
    this.#partition = partition;
    this.#where = where;
  }

  record(value: unknown, timestamp: Timestamp): void {
    const channel = this.#choose(value);
    this.numRecordsOut++;
    channel.record(value, timestamp);
  }

  #choose(value: unknown): ChannelWriter {
    let key: unknown;
    try {
      key = this.#keySelector(value);
    } catch (thrown) {
      throw keyedError(`key selector of ${this.#where}`, thrown, value);
    }
    let index: number;
    try {
      index = this.#partition(key, this.channels.length);
    } catch (thrown) {
      throw keyedError(`partition function of ${this.#where}`, thrown, value);
    }
    const channel = typeof index === "number" ? this.channels[index] : undefined;
    if (channel === undefined) throw outOfRange(this.#where, index, this.channels.length, key);
    return channel;
  }
}

function outOfRange(where: string, index: unknown, parallelism: number, key: unknown): MillraceError {
  return new MillraceError(
    "USER_FUNCTION_FAILED",
    `partition function of ${where}: expected a whole number from 0 to ${parallelism - 1}, got ${preview(index)} for the key ${preview(key)}`,
    {
      help: "It is called with the key and the parallelism of the next operator, which may change with a rescale.",
    },
  );
}
