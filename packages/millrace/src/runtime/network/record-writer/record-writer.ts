import type { Timestamp } from "../../../common/time/timestamps.ts";
import type { Barrier, ChannelEvent } from "../../../protocol/channel-event.ts";
import type { Output } from "../../operators/operator.ts";
import type { ChannelWriter } from "../channel.ts";
import type { InFlightSink } from "../in-flight-sink.ts";

/**
 * The producer's side of one output edge: puts each record into the channel that the partitioner says, and watermarks and
 * events into all. One subclass for each kind of partitioner; `createRecordWriter` picks it.
 */
export abstract class RecordWriter implements Output<unknown> {
  /** Records that were given to this edge; a broadcast record counts once. */
  numRecordsOut = 0;
  readonly channels: readonly ChannelWriter[];

  /** @param channels one for each subtask that this subtask sends to, in their order; at least one */
  constructor(channels: readonly ChannelWriter[]) {
    this.channels = channels;
  }

  abstract record(value: unknown, timestamp: Timestamp): void;

  watermark(watermark: Timestamp): void {
    for (const channel of this.channels) channel.watermark(watermark);
  }

  idle(idle: boolean): void {
    this.event({ kind: idle ? "idle" : "active" });
  }

  event(event: ChannelEvent): void {
    for (const channel of this.channels) channel.event(event);
  }

  /** See ChannelWriter; for edges whose barriers may overtake. @param unsentOf the sink of a channel, by its position */
  overtake(barrier: Barrier, unsentOf: (channel: number) => InFlightSink): void {
    this.channels.forEach((channel, index) => channel.overtake(barrier, unsentOf(index)));
  }

  /** Whether any channel still holds the barrier back. */
  holdsBarrier(checkpointId: number): boolean {
    return this.channels.some((channel) => channel.holdsBarrier(checkpointId));
  }

  /** Called when the task has nothing more to do. Whether nothing is left unsent; else the flow's `onDrained` follows. */
  flushIfDrained(): boolean {
    let sent = true;
    for (const channel of this.channels) if (!channel.flushIfDrained()) sent = false;
    return sent;
  }

  /** Called after the buffer timeout. Whether nothing is left unsent. */
  flush(): boolean {
    let sent = true;
    for (const channel of this.channels) if (!channel.flush()) sent = false;
    return sent;
  }

  /** What waits on this side: the sum over the channels. */
  get backlog(): number {
    let sum = 0;
    for (const channel of this.channels) sum += channel.backlog;
    return sum;
  }

  /** Bytes that left: the sum over the channels. */
  get bytesSent(): number {
    let sum = 0;
    for (const channel of this.channels) sum += channel.bytesSent;
    return sum;
  }

  close(): void {
    for (const channel of this.channels) channel.close();
  }
}
