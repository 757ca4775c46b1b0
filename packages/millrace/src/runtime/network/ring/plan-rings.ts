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
/** Between processes it takes much longer until a frame is given back; meanwhile others must be on their way. */
const MAX_REMOTE_FRAMES = 32;
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
  checkPool(poolBytes);
  const incoming = Map.groupBy(plan.channels, (channel) => channel.consumerSlot);
  const shapes = new Map(
    [...incoming].map(([slot, channels]) => [slot, frameShape(poolBytes, channels.length)]),
  );
  return layOutRings({
    ...plan,
    channels: plan.channels.map((channel) => ({
      ...channel,
      ...(shapes.get(channel.consumerSlot) as FrameShape),
    })),
  });
}

/** A channel whose frames have their size already. */
export interface ShapedChannel extends PlannedChannel, FrameShape {
  /** See RingChannel. */
  readonly peer?: string;
}

/** What is laid out. */
export interface RingLayout {
  readonly slots: number;
  readonly attempt: number;
  readonly channels: readonly ShapedChannel[];
}

/** Lays out the shared memory of channels that may differ in the size of their frames, even into the same slot. */
export function layOutRings(layout: RingLayout): RingDescriptor {
  check(layout);
  const frameBytes = new Map<number, number>();
  for (const { consumerSlot, ...shape } of layout.channels)
    add(frameBytes, consumerSlot, shape.frames * shape.frameBytes);
  const frameOffsets = new Map<number, number>();
  const eventOffsets = new Map(frameBytes);
  const ordinals = new Map<string, number>();
  let words = layout.slots * SLOT_WORDS;

  const channels = layout.channels.map((planned): RingChannel => {
    const { consumerSlot, frames } = planned;
    const word = words;
    words += CHANNEL_WORDS;
    return {
      id: planned.id,
      producerSlot: planned.producerSlot,
      consumerSlot,
      ordinal: add(ordinals, linkName(planned), 1),
      word,
      frameBytes: planned.frameBytes,
      frames,
      frameOffset: add(frameOffsets, consumerSlot, frames * planned.frameBytes),
      eventBytes: EVENT_BYTES,
      events: EVENTS,
      eventOffset: add(eventOffsets, consumerSlot, EVENTS * EVENT_BYTES),
      ...(planned.peer === undefined ? {} : { peer: planned.peer }),
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

  const pools = Array.from({ length: layout.slots }, (_, slot) => {
    const bytes = eventOffsets.get(slot);
    return bytes === undefined ? undefined : new SharedArrayBuffer(bytes);
  });
  return {
    attempt: layout.attempt,
    slots: layout.slots,
    words: new SharedArrayBuffer(words * 4),
    pools,
    links,
    channels,
  };
}

/** The frames of one channel: bytes of each, header included, and how many. */
export interface FrameShape {
  readonly frameBytes: number;
  readonly frames: number;
}

/**
 * How the frames of a slot's channels look. The same on both sides of a connection between processes, which compute it each for itself.
 *
 * @param poolBytes bytes for all of them @param channels how many enter the slot @param remote whether the ends are in two processes
 * @throws INVALID_ARGUMENT
 */
export function frameShape(poolBytes: number, channels: number, remote = false): FrameShape {
  checkPool(poolBytes);
  const share = poolBytes / channels;
  for (const frameBytes of FRAME_SIZES) {
    const frames = Math.floor(share / frameBytes);
    if (frames >= GOOD_FRAMES)
      return { frameBytes, frames: Math.min(frames, remote ? MAX_REMOTE_FRAMES : MAX_FRAMES) };
  }
  return { frameBytes: SMALLEST_FRAME, frames: Math.max(MIN_FRAMES, Math.floor(share / SMALLEST_FRAME)) };
}

function checkPool(poolBytes: number): void {
  if (Number.isSafeInteger(poolBytes) && poolBytes >= 1) return;
  throw new MillraceError("INVALID_ARGUMENT", `expected a pool of a whole number of bytes, got ${poolBytes}`);
}

function check({ slots, channels }: RingLayout): void {
  const ids = new Set<number>();
  for (const { id, producerSlot, consumerSlot } of channels) {
    const known = [producerSlot, consumerSlot].every(
      (slot) => Number.isInteger(slot) && slot >= 0 && slot < slots,
    );
    if (known && producerSlot !== consumerSlot && !ids.has(id) && id >>> 0 === id) {
      ids.add(id);
      continue;
    }
    throw new MillraceError(
      "INVALID_ARGUMENT",
      `expected channels with ids of their own between two different slots of ${slots}, got channel ${id} from slot ${producerSlot} to slot ${consumerSlot}`,
    );
  }
}

function linkName(end: { readonly producerSlot: number; readonly consumerSlot: number }): string {
  return `${end.producerSlot}>${end.consumerSlot}`;
}

/** Adds to a sum; returns what it was before. */
function add<K>(sums: Map<K, number>, key: K, amount: number): number {
  const sum = sums.get(key) ?? 0;
  sums.set(key, sum + amount);
  return sum;
}
