import type { Random } from "../../../common/clock/random.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { unreachable } from "../../../common/errors/unreachable.ts";
import type { Partitioner } from "../../../graph/stream/stream-graph.ts";
import type { ChannelWriter } from "../channel.ts";
import { BroadcastWriter } from "./broadcast-writer.ts";
import { CustomWriter } from "./custom-writer.ts";
import { HashWriter } from "./hash-writer.ts";
import type { RecordWriter } from "./record-writer.ts";
import { RoundRobinWriter } from "./round-robin-writer.ts";
import { ShuffleWriter } from "./shuffle-writer.ts";
import { SingleWriter } from "./single-writer.ts";

/** What a record writer is made of. */
export interface RecordWriterOptions {
  readonly partitioner: Partitioner;
  /**
   * One channel for each subtask that this subtask sends to: all subtasks of the next vertex in their order, for `forward` the
   * one of the same index, for `rescale` those of its share.
   */
  readonly channels: readonly ChannelWriter[];
  /** Of the next operator; read by `hash` only. */
  readonly maxParallelism: number;
  /** For `shuffle`, and for where `rebalance` begins. */
  readonly random: Random;
  /** The operator in front, for errors: its name. */
  readonly after: string;
}

/** The record writer of an edge's partitioner. The channels' listener is the OutputFlow of the task's operator. */
export function createRecordWriter(options: RecordWriterOptions): RecordWriter {
  const { partitioner, channels, random, after } = options;
  if (channels.length === 0) throw new MillraceError("INTERNAL", `the edge after ${after} has no channel`);
  switch (partitioner.kind) {
    case "forward":
    case "global":
      return new SingleWriter(channels);
    case "hash":
      return new HashWriter(
        channels,
        partitioner.keySelector,
        options.maxParallelism,
        `keyBy after ${after}`,
      );
    case "rebalance":
      return new RoundRobinWriter(channels, Math.floor(random.next() * channels.length));
    case "rescale":
      return new RoundRobinWriter(channels, 0);
    case "shuffle":
      return new ShuffleWriter(channels, random);
    case "broadcast":
      return new BroadcastWriter(channels);
    case "custom":
      return new CustomWriter(
        channels,
        partitioner.keySelector,
        partitioner.partition,
        `partitionCustom after ${after}`,
      );
    default:
      return unreachable(partitioner, "partitioner");
  }
}
