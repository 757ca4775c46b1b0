import { FrameKind } from "../../../protocol/frame-header.ts";
import type { IndexRingConsumer } from "./index-ring.ts";
import { Signal, type SlotWords } from "./slot-words.ts";

/** Takes note of frames that have come. */
export interface FrameReceiver {
  /** The next frame of the channel is there, in the consumer's pool. */
  arrived(kind: FrameKind): void;
}

/** A producer slot as its consumer sees it. */
export interface Sender<R extends FrameReceiver> {
  readonly ring: IndexRingConsumer;
  /** By the channel's ordinal among those of both slots. */
  readonly receivers: readonly R[];
}

/**
 * Takes everything off the index rings of a slot. Whether anything was there. A barrier that was signalled before the newest of these frames
 * was put there is looked at before any of them.
 *
 * One thread has receivers of one class only, so that the call for each frame stays monomorphic.
 */
export function takeArrivals<R extends FrameReceiver>(
  senders: readonly Sender<R>[],
  slots: SlotWords,
  slot: number,
  lookForBarriers: () => void,
): boolean {
  let any = false;
  for (const { ring, receivers } of senders) {
    let left = ring.available();
    if (left > 0 && slots.takeBits(slot, Signal.BARRIER) !== 0) lookForBarriers();
    for (; left > 0; left--) {
      any = true;
      const entry = ring.take();
      const kind = (entry & 1) === 1 ? FrameKind.EVENT : FrameKind.DATA;
      receivers[entry >> 1]!.arrived(kind);
    }
  }
  return any;
}

/** Lets a slot sleep until it is rung; false, and it is up again, when something had come meanwhile. */
export function fallAsleep(
  senders: readonly Sender<FrameReceiver>[],
  slots: SlotWords,
  slot: number,
): boolean {
  slots.fallAsleep(slot);
  const arrived = slots.hasSignal(slot) || senders.some(({ ring }) => ring.available() > 0);
  if (arrived) slots.getUp(slot);
  return !arrived;
}
