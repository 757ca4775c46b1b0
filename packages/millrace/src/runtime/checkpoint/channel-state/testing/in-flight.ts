import { createFrameCodec } from "../../../../common/codec/create-frame-codec.ts";
import type { FrameCodec } from "../../../../common/codec/frame-codec.ts";
import { ElementKind } from "../../../../common/codec/frame-codec.ts";
import { operatorUid } from "../../../../common/ids/ids.ts";
import { keyGroupRange } from "../../../../common/keys/key-groups.ts";
import { Types } from "../../../../common/types/types.ts";
import type { Barrier } from "../../../../protocol/channel-event.ts";
import type { ChannelSnapshot } from "../../../../protocol/control/snapshots.ts";
import type { InputChannel } from "../../../network/channel.ts";
import type { InFlightSink } from "../../../network/in-flight-sink.ts";
import type { StateFiles } from "../../storage/state-files.ts";
import type { ChannelPlace } from "../channel-place.ts";
import { ChannelStateWriter } from "../channel-state-writer.ts";
import { keyShare } from "../key-share.ts";

/*
 * Words of the tests of records in flight.
 */

export const MAX_PARALLELISM = 16;

/** A record: the n-th of its key. */
export interface Keyed {
  readonly key: string;
  readonly n: number;
}
export const keyedType = Types.object({ key: Types.string, n: Types.int });
const codec: FrameCodec<unknown> = createFrameCodec<Keyed>(keyedType, { unique: "in-flight-test" });
export const keyed = (key: string, n: number): Keyed => ({ key, n });

/** A channel of a keyed edge. */
export function place(
  producerSubtask: number,
  consumerSubtask: number,
  { producers = 2, consumers = 2 }: { readonly producers?: number; readonly consumers?: number } = {},
): ChannelPlace {
  return {
    sourceUid: operatorUid("from"),
    sideOutput: undefined,
    targetUid: operatorUid("to"),
    targetInput: 0,
    producerSubtask,
    consumerSubtask,
    producers,
    consumers,
    overtakes: true,
    type: keyedType.description,
    codec: () => codec,
    belongs: keyShare(
      (value) => (value as Keyed).key,
      MAX_PARALLELISM,
      keyGroupRange(MAX_PARALLELISM, consumers, consumerSubtask),
    ),
  };
}

export type Element = Keyed | { readonly watermark: number };

/** Gives elements to a sink, as blocks or one by one. */
export function give(sink: InFlightSink, elements: readonly Element[], asBlock = false): void {
  if (!asBlock) {
    for (const element of elements) {
      if ("watermark" in element) sink.watermark(element.watermark);
      else sink.record(element, element.n);
    }
    return;
  }
  const encoder = codec.createEncoder();
  const bytes = Buffer.alloc(1024 * 1024);
  encoder.begin(bytes, 100, bytes.length);
  // One that was taken before.
  encoder.writeRecord(keyed("taken", -1), 0);
  for (const element of elements) {
    if ("watermark" in element) encoder.writeWatermark(element.watermark);
    else encoder.writeRecord(element, element.n);
  }
  const length = encoder.finish();
  sink.block(bytes, 100, 100 + length, elements.length + 1, 1);
}

/** Writes one channel's part of a checkpoint. */
export async function part(
  at: ChannelPlace,
  side: ChannelSnapshot["side"],
  checkpointId: number,
  elements: readonly Element[],
  files: StateFiles,
): Promise<ChannelSnapshot> {
  const writer = new ChannelStateWriter(at, side, checkpointId, files);
  for (let from = 0; from < elements.length; from += 5)
    give(writer, elements.slice(from, from + 5), from % 2 === 0);
  writer.end();
  return (await writer.done)!;
}

/** Reads elements of a channel's frame at the head, at most `limit`; whether the frame is done. */
export function readFrame(channel: InputChannel, into: Element[], limit = Infinity): boolean {
  const { cursor } = channel;
  for (let i = 0; i < limit; i++) {
    const kind = cursor.next();
    if (kind === ElementKind.END) {
      channel.release();
      return true;
    }
    into.push(kind === ElementKind.RECORD ? (cursor.value as Keyed) : { watermark: cursor.timestamp });
  }
  return false;
}

export const barrier = (checkpointId: number): Barrier => ({
  kind: "barrier",
  checkpointId,
  timestamp: 0,
  options: {
    snapshot: "checkpoint",
    mode: "exactly-once",
    alignment: "unaligned",
    alignmentTimeout: undefined,
    location: undefined,
    incremental: true,
  },
});
