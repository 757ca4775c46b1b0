import type { KeySelector } from "../../../common/functions/functions.ts";
import { hashKey } from "../../../common/keys/hash-key.ts";
import { keyGroupOf, subtaskOfKeyGroup } from "../../../common/keys/key-groups.ts";
import type { Timestamp } from "../../../common/time/timestamps.ts";
import type { ChannelWriter } from "../channel.ts";
import { keyedError } from "./keyed-error.ts";
import { RecordWriter } from "./record-writer.ts";

/** Each record to the subtask that owns its key's key group. */
export class HashWriter extends RecordWriter {
  readonly #keySelector: KeySelector<unknown, unknown>;
  readonly #maxParallelism: number;
  /** The channel of each key group. */
  readonly #table: Int32Array;
  readonly #where: string;

  /** @param where names the place in errors: "keyBy after parse" */
  constructor(
    channels: readonly ChannelWriter[],
    keySelector: KeySelector<unknown, unknown>,
    maxParallelism: number,
    where: string,
  ) {
    super(channels);
    this.#keySelector = keySelector;
    this.#maxParallelism = maxParallelism;
    this.#table = Int32Array.from({ length: maxParallelism }, (_, keyGroup) =>
      subtaskOfKeyGroup(maxParallelism, channels.length, keyGroup),
    );
    this.#where = where;
  }

  record(value: unknown, timestamp: Timestamp): void {
    const channel = this.#choose(value);
    this.numRecordsOut++;
    channel.record(value, timestamp);
  }

  #choose(value: unknown): ChannelWriter {
    try {
      const keyGroup = keyGroupOf(hashKey(this.#keySelector(value)), this.#maxParallelism);
      return this.channels[this.#table[keyGroup] as number] as ChannelWriter;
    } catch (thrown) {
      throw keyedError(`key selector of ${this.#where}`, thrown, value);
    }
  }
}
