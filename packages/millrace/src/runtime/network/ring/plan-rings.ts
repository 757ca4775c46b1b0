import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { CHANNEL_WORDS } from "./channel-words.ts";
import { LINK_WORDS } from "./index-ring.ts";
import type { RingChannel, RingDescriptor, RingLink } from "./ring-descriptor.ts";
import { SLOT_WORDS } from "./slot-words.ts";

/** A channel that needs a ring: its ends are in two different slots. */
export interface PlannedChannel {
  /** Unique, u32. */
  readonly id: number;
  readonly producerSlot: number;
  readonly consumerSlot: number;
}

/** What is planned. */
export interface RingPlan {
  readonly slots: number;
  /** u32; told apart by receivers. */
  readonly attempt: number;
  readonly channels: readonly PlannedChannel[];
  /** Bytes of frame slots for each slot that receives anything. Default 4 MiB. */
  readonly poolBytes?: number;
}

const DEFAULT_POOL_BYTES = 4 * 1024 * 1024;
/** Largest first. A smaller frame costs more for each record, a smaller number of frames makes the two sides wait more. */
const FRAME_SIZES = [32 * 1024, 16 * 1024, 8 * 1024, 4 * 1024] as const;
const SMALLEST_FRAME = 4 * 1024;
const MIN_FRAMES = 2;
const GOOD_FRAMES = 4;
const MAX_FRAMES = 8;
const EVENTS = 4;
const EVENT_BYTES = 128;

/**
 * Lays out the shared memory of a job attempt. Each slot's pool is divided evenly among the channels that enter it, so memory grows
 * with slots, not with channels; only when a channel's share falls below two frames of 4 KiB (512 channels into one slot at the
 * default size) does the pool grow. Beside the pool a channel takes 640 bytes for events and counters.
 *
 * @example
 * ```ts
 * const rings = planRings({ slots: 2, attempt: 1, channels: [{ id: 7, producerSlot: 0, consumerSlot: 1 }] });
 * worker.postMessage(ringsOfSlot(rings, 1));
 * ```
 */
export function planRings(plan: RingPlan): RingDescriptor {
  const poolBytes = plan.poolBytes ?? DEFAULT_POOL_BYTES;
  check(plan, poolBytes);
  const incoming = countBy(plan.channels, (channel) => channel.consumerSlot);
  const shapes = new Map([...incoming].map(([slot, channels]) => [slot, shapeOf(poolBytes, channels)]));
  const used = new Map<number, number>();
  const ordinals = new Map<string, number>();
  let words = plan.slots * SLOT_WORDS;

  const channels = plan.channels.map((planned): RingChannel => {
    const { frameBytes, frames } = shapes.get(planned.consumerSlot) as FrameShape;
    const position = next(used, planned.consumerSlot);
    const ordinal = next(ordinals, linkName(planned));
    const word = words;
    words += CHANNEL_WORDS;
    return {
      id: planned.id,
      producerSlot: planned.producerSlot,
      consumerSlot: planned.consumerSlot,
      ordinal,
      word,
      frameBytes,
      frames,
      frameOffset: position * frames * frameBytes,
      eventBytes: EVENT_BYTES,
      events: EVENTS,
      eventOffset:
        (incoming.get(planned.consumerSlot) as number) * frames * frameBytes +
        position * EVENTS * EVENT_BYTES,
    };
  });

  const links = [...Map.groupBy(channels, linkName).values()].map((between): RingLink => {
    const [{ producerSlot, consumerSlot }] = between as [RingChannel, ...RingChannel[]];
    const credits = between.reduce((sum, channel) => sum + channel.frames + channel.events, 0);
    const capacity = 2 ** Math.ceil(Math.log2(credits));
    const word = words;
    words += LINK_WORDS + capacity;
    return { producerSlot, consumerSlot, word, capacity };
  });

  const pools = Array.from({ length: plan.slots }, (_, slot) => {
    const shape = shapes.get(slot);
    if (shape === undefined) return undefined;
    const share = shape.frames * shape.frameBytes + EVENTS * EVENT_BYTES;
    return new SharedArrayBuffer((incoming.get(slot) as number) * share);
  });
  return {
    attempt: plan.attempt,
    slots: plan.slots,
    words: new SharedArrayBuffer(words * 4),
    pools,
    links,
    channels,
  };
}

interface FrameShape {
  readonly frameBytes: number;
  readonly frames: number;
}

function shapeOf(poolBytes: number, channels: number): FrameShape {
  const share = poolBytes / channels;
  for (const frameBytes of FRAME_SIZES) {
    const frames = Math.floor(share / frameBytes);
    if (frames >= GOOD_FRAMES) return { frameBytes, frames: Math.min(frames, MAX_FRAMES) };
  }
  return { frameBytes: SMALLEST_FRAME, frames: Math.max(MIN_FRAMES, Math.floor(share / SMALLEST_FRAME)) };
}

function check(plan: RingPlan, poolBytes: number): void {
  if (!Number.isSafeInteger(poolBytes) || poolBytes < 1) {
    throw new MillraceError(
      "INVALID_ARGUMENT",
      `expected a pool of a whole number of bytes, got ${poolBytes}`,
    );
  }
  const ids = new Set<number>();
  for (const { id, producerSlot, consumerSlot } of plan.channels) {
    const known = [producerSlot, consumerSlot].every(
      (slot) => Number.isInteger(slot) && slot >= 0 && slot < plan.slots,
    );
    if (known && producerSlot !== consumerSlot && !ids.has(id) && id >>> 0 === id) {
      ids.add(id);
      continue;
    }
    throw new MillraceError(
      "INVALID_ARGUMENT",
      `expected channels with ids of their own between two different slots of ${plan.slots}, got channel ${id} from slot ${producerSlot} to slot ${consumerSlot}`,
    );
  }
}

function linkName(end: { readonly producerSlot: number; readonly consumerSlot: number }): string {
  return `${end.producerSlot}>${end.consumerSlot}`;
}

function countBy<T, K>(items: readonly T[], key: (item: T) => K): Map<K, number> {
  const counts = new Map<K, number>();
  for (const item of items) next(counts, key(item));
  return counts;
}

/** Counts `key` up; returns the count before. */
function next<K>(counts: Map<K, number>, key: K): number {
  const count = counts.get(key) ?? 0;
  counts.set(key, count + 1);
  return count;
}
