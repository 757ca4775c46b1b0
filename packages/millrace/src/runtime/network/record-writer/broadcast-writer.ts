import type { Timestamp } from "../../../common/time/timestamps.ts";
import { RecordWriter } from "./record-writer.ts";

/** Each record to all channels, each of which encodes it for itself. */
export class BroadcastWriter extends RecordWriter {
  record(value: unknown, timestamp: Timestamp): void {
    this.numRecordsOut++;
    for (const channel of this.channels) channel.record(value, timestamp);
  }
}
