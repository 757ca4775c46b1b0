import type { Timestamp } from "../../../common/time/timestamps.ts";
import type { ChannelWriter } from "../channel.ts";
import { RecordWriter } from "./record-writer.ts";

/** All records to the first channel: the `forward` and `global` partitioners. */
export class SingleWriter extends RecordWriter {
  readonly #channel: ChannelWriter;

  constructor(channels: readonly ChannelWriter[]) {
    super(channels);
    this.#channel = channels[0] as ChannelWriter;
  }

  record(value: unknown, timestamp: Timestamp): void {
    this.numRecordsOut++;
    this.#channel.record(value, timestamp);
  }
}
