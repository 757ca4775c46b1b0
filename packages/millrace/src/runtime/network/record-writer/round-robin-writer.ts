import type { Timestamp } from "../../../common/time/timestamps.ts";
import type { ChannelWriter } from "../channel.ts";
import { RecordWriter } from "./record-writer.ts";

/** Each record to the next channel: `rebalance` over all subtasks, `rescale` over those that the subtask is connected to. */
export class RoundRobinWriter extends RecordWriter {
  #next: number;

  /** @param first the channel of the first record; differs between subtasks, so that not all begin with the same one */
  constructor(channels: readonly ChannelWriter[], first: number) {
    super(channels);
    this.#next = first;
  }

  record(value: unknown, timestamp: Timestamp): void {
    const channel = this.channels[this.#next] as ChannelWriter;
    this.#next = this.#next + 1 === this.channels.length ? 0 : this.#next + 1;
    this.numRecordsOut++;
    channel.record(value, timestamp);
  }
}
