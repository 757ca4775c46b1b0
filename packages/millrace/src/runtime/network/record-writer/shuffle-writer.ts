import type { Random } from "../../../common/clock/random.ts";
import type { Timestamp } from "../../../common/time/timestamps.ts";
import type { ChannelWriter } from "../channel.ts";
import { RecordWriter } from "./record-writer.ts";

/** Each record to a random channel. */
export class ShuffleWriter extends RecordWriter {
  readonly #random: Random;

  constructor(channels: readonly ChannelWriter[], random: Random) {
    super(channels);
    this.#random = random;
  }

  record(value: unknown, timestamp: Timestamp): void {
    const channel = this.channels[Math.floor(this.#random.next() * this.channels.length)] as ChannelWriter;
    this.numRecordsOut++;
    channel.record(value, timestamp);
  }
}
