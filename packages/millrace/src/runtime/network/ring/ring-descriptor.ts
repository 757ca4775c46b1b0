/**
 * The shared memory through which the slots of one process exchange frames during one job attempt. Plain data: made by
 * `planRings`, cut down for each slot by `ringsOfSlot`, sent to its thread, opened there by `openRingNetwork`.
 *
 * Who writes what: a producer writes frame slots and event slots of its channels, its index rings, and the producer's words of
 * its channels; a consumer writes the consumer's words. Everybody may write the signal word of any slot; see `slot-words.ts`.
 */
export interface RingDescriptor {
  /** Frames of another attempt are dropped. */
  readonly attempt: number;
  /** How many slots there are; they are numbered from 0. */
  readonly slots: number;
  /** Words of all slots, rings and channels, as Int32. */
  readonly words: SharedArrayBuffer;
  /** Frame pool of each consumer slot; undefined where a slot receives nothing, or in the part of a slot that never uses it. */
  readonly pools: readonly (SharedArrayBuffer | undefined)[];
  readonly links: readonly RingLink[];
  readonly channels: readonly RingChannel[];
}

/** The index ring from one slot to another: tells which channel has a new frame. */
export interface RingLink {
  readonly producerSlot: number;
  readonly consumerSlot: number;
  /** Where its words begin. */
  readonly word: number;
  /** Entries; a power of two, and at least the sum of the credits of the channels between the two slots. */
  readonly capacity: number;
}

/** Where a channel's frames lie. */
export interface RingChannel {
  readonly id: number;
  readonly producerSlot: number;
  readonly consumerSlot: number;
  /** Position among the channels of its link: what stands in the index ring. */
  readonly ordinal: number;
  /** Where its words begin. */
  readonly word: number;
  /** Frame slots in the consumer's pool: offset of the first, bytes of each (header included), number. */
  readonly frameOffset: number;
  readonly frameBytes: number;
  readonly frames: number;
  /** Slots reserved for events, likewise. */
  readonly eventOffset: number;
  readonly eventBytes: number;
  readonly events: number;
  /** Names the process where the other end is, for errors; undefined: this one. */
  readonly peer?: string;
}

/** The part of a descriptor that one slot needs: what it sends and receives. */
export function ringsOfSlot(descriptor: RingDescriptor, slot: number): RingDescriptor {
  const mine = (end: { readonly producerSlot: number; readonly consumerSlot: number }): boolean =>
    end.producerSlot === slot || end.consumerSlot === slot;
  const channels = descriptor.channels.filter(mine);
  const used = new Set(channels.map((channel) => channel.consumerSlot));
  return {
    ...descriptor,
    pools: descriptor.pools.map((pool, consumer) => (used.has(consumer) ? pool : undefined)),
    links: descriptor.links.filter(mine),
    channels,
  };
}
