import type { KeySelector } from "../../../common/functions/functions.ts";
import type { Timestamp } from "../../../common/time/timestamps.ts";
import type { ChannelWriter } from "../channel.ts";
import { keyedError } from "./keyed-error.ts";
import { RecordWriter } from "./record-writer.ts";

/** Where a key's records go. */
export interface KeyRouting {
  /** The key group of a key; throws INVALID_KEY. */
  keyGroupOf(this: void, key: unknown): number;
  /** The channel of each key group. */
  readonly channels: Int32Array;
}

/** Each record to the subtask that owns its key's key group. */
export class HashWriter extends RecordWriter {
  readonly #keySelector: KeySelector<unknown, unknown>;
  readonly #keyGroupOf: (key: unknown) => number;
  readonly #table: Int32Array;
  readonly #where: string;

  /** @param where names the place in errors: "keyBy after parse" */
  constructor(
    channels: readonly ChannelWriter[],
    keySelector: KeySelector<unknown, unknown>,
    routing: KeyRouting,
    where: string,
  ) {
    super(channels);
    this.#keySelector = keySelector;
    this.#keyGroupOf = routing.keyGroupOf;
    this.#table = routing.channels;
    this.#where = where;
  }

  record(value: unknown, timestamp: Timestamp): void {
    const channel = this.#choose(value);
    this.numRecordsOut++;
    channel.record(value, timestamp);
  }

  #choose(value: unknown): ChannelWriter {
    try {
      const keyGroup = this.#keyGroupOf(this.#keySelector(value));
      return this.channels[this.#table[keyGroup] as number] as ChannelWriter;
    } catch (thrown) {
      throw keyedError(`key selector of ${this.#where}`, thrown, value);
    }
  }
}
