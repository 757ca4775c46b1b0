import type { FrameCodec } from "../../../common/codec/frame-codec.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { ChannelWriter, ChannelWriterListener, InputChannel } from "../channel.ts";
import type { SlotNetwork } from "../slot-network.ts";
import { fallAsleep, takeArrivals, type Sender } from "./arrivals.ts";
import { ConsumerWords, ProducerWords } from "./channel-words.ts";
import { IndexRingConsumer, IndexRingProducer } from "./index-ring.ts";
import type { RingChannel, RingDescriptor } from "./ring-descriptor.ts";
import { RingInputChannel } from "./ring-input-channel.ts";
import { RingReceiver } from "./ring-receiver.ts";
import { RingSender } from "./ring-sender.ts";
import { RingWriter } from "./ring-writer.ts";
import { Signal, SlotWords } from "./slot-words.ts";
import type { Bell } from "./slot-words.ts";

/** Settings of a slot's ring network. */
export interface RingNetworkOptions {
  /** Bytes of the largest record, encoded. Default 64 MiB. */
  readonly maxRecordBytes?: number;
}

/** A slot's ends of the rings. */
export interface RingNetwork extends SlotNetwork {
  /** The producer's end of a channel; once for each channel. */
  createWriter(channelId: number, codec: FrameCodec<unknown>, listener: ChannelWriterListener): ChannelWriter;
  /** The consumer's end of a channel; once for each channel. What arrived before it was created is there. */
  createInput(channelId: number, index: number, input: 0 | 1, codec: FrameCodec<unknown>): InputChannel;
}

const DEFAULT_MAX_RECORD_BYTES = 64 * 1024 * 1024;

/**
 * Opens the rings of `slot` on its own thread. `bell` wakes the thread of another slot, so that it calls `wokeUp` and `poll`; it
 * is called while that slot sleeps, or when this one closes, and may find no thread any more. It must not get lost: who can be
 * rung before it is reachable never wakes.
 *
 * @example
 * ```ts
 * const network = openRingNetwork(rings, 0, (slot) => bells[slot].postMessage(undefined));
 * const writer = network.createWriter(7, createFrameCodec(type, { unique }), flow);
 * ```
 */
export function openRingNetwork(
  rings: RingDescriptor,
  slot: number,
  bell: Bell,
  options: RingNetworkOptions = {},
): RingNetwork {
  return new SlotRings(rings, slot, bell, options.maxRecordBytes ?? DEFAULT_MAX_RECORD_BYTES);
}

/**
 * Tells all slots that the thread of `slot` is gone: channels from and to it fail, except those that had come to their end. For
 * whoever watches the threads.
 */
export function markSlotClosed(rings: RingDescriptor, slot: number, bell: Bell): void {
  new SlotWords(rings.words, bell).markClosed(slot, rings.slots);
}

class SlotRings implements RingNetwork {
  readonly #rings: RingDescriptor;
  readonly #slot: number;
  readonly #slots: SlotWords;
  readonly #maxRecordBytes: number;
  readonly #incoming: readonly Sender<RingReceiver>[];
  readonly #producers = new Map<number, IndexRingProducer>();
  readonly #outgoing = new Map<number, RingChannel>();
  readonly #receivers = new Map<number, RingReceiver>();
  readonly #pools = new Map<number, Buffer>();
  readonly #writers: RingWriter[] = [];
  readonly #inputs: RingInputChannel[] = [];
  readonly #taken = new Set<number>();
  /** Writers that wait for a signal. */
  readonly #waiting = new Set<RingWriter>();

  constructor(rings: RingDescriptor, slot: number, bell: Bell, maxRecordBytes: number) {
    this.#rings = rings;
    this.#slot = slot;
    this.#slots = new SlotWords(rings.words, bell);
    this.#maxRecordBytes = maxRecordBytes;
    const incoming = new Map<number, { ring: IndexRingConsumer; receivers: RingReceiver[] }>();
    for (const link of rings.links) {
      if (link.consumerSlot === slot) {
        incoming.set(link.producerSlot, { ring: new IndexRingConsumer(rings.words, link), receivers: [] });
      } else if (link.producerSlot === slot) {
        this.#producers.set(link.consumerSlot, new IndexRingProducer(rings.words, link));
      }
    }
    for (const channel of rings.channels) {
      if (channel.producerSlot === slot) this.#outgoing.set(channel.id, channel);
      if (channel.consumerSlot !== slot) continue;
      const receiver = this.#receiver(channel);
      this.#receivers.set(channel.id, receiver);
      incoming.get(channel.producerSlot)!.receivers[channel.ordinal] = receiver;
    }
    this.#incoming = [...incoming.values()];
  }

  createWriter(
    channelId: number,
    codec: FrameCodec<unknown>,
    listener: ChannelWriterListener,
  ): ChannelWriter {
    const channel = this.#take(this.#outgoing, channelId, "from");
    const { words, attempt } = this.#rings;
    const sender = new RingSender({
      channel,
      attempt,
      pool: this.#pool(channel.consumerSlot),
      words: new ProducerWords(words, channel, this.#slots),
      ring: this.#producers.get(channel.consumerSlot) as IndexRingProducer,
      slots: this.#slots,
    });
    const writer = new RingWriter({
      id: channelId,
      sender,
      encoder: codec.createEncoder(),
      listener,
      maxRecordBytes: this.#maxRecordBytes,
      onWaiting: (waiter, waiting) => {
        if (waiting) this.#waiting.add(waiter);
        else this.#waiting.delete(waiter);
      },
    });
    this.#writers.push(writer);
    return writer;
  }

  createInput(channelId: number, index: number, input: 0 | 1, codec: FrameCodec<unknown>): InputChannel {
    const receiver = this.#take(this.#receivers, channelId, "to");
    const channel = new RingInputChannel({
      id: channelId,
      index,
      input,
      receiver,
      decoder: codec.createDecoder(),
    });
    this.#inputs.push(channel);
    return channel;
  }

  poll(): boolean {
    // The signal first: what was put into a ring before a closing was signalled is then found in the ring.
    const signal = this.#slots.takeSignal(this.#slot);
    if ((signal & Signal.BARRIER) !== 0) this.#lookForBarriers();
    const arrived = this.#takeArrivals();
    if ((signal & Signal.CREDIT) !== 0) this.#giveCredit();
    if ((signal & Signal.CLOSED) !== 0) this.#checkClosed();
    return arrived || signal !== 0;
  }

  prepareToSleep(): boolean {
    return fallAsleep(this.#incoming, this.#slots, this.#slot);
  }

  wokeUp(): void {
    this.#slots.getUp(this.#slot);
  }

  close(): void {
    for (const input of this.#inputs) input.close();
    for (const writer of this.#writers) writer.close();
    this.#waiting.clear();
    this.#slots.markClosed(this.#slot, this.#rings.slots);
  }

  /** Writers that ask again while they are called have their turn at the next signal. */
  #giveCredit(): void {
    const waiting = [...this.#waiting];
    for (const writer of waiting) writer.credit();
  }

  #takeArrivals(): boolean {
    return takeArrivals(this.#incoming, this.#slots, this.#slot, this.#lookForBarriers);
  }

  readonly #lookForBarriers = (): void => {
    for (const receiver of this.#receivers.values()) receiver.lookForBarrier();
  };

  /**
   * A closed flag that is seen now may be younger than the signal and than the last look at the rings: what its producer sent before
   * it must be taken before the flag is believed.
   */
  #checkClosed(): void {
    for (const writer of this.#writers) writer.checkClosed();
    const closed = [...this.#receivers.values()].filter((receiver) => receiver.writerClosed);
    this.#takeArrivals();
    for (const receiver of closed) receiver.markClosed();
  }

  #receiver(channel: RingChannel): RingReceiver {
    return new RingReceiver({
      channel,
      attempt: this.#rings.attempt,
      pool: this.#pool(this.#slot),
      words: new ConsumerWords(this.#rings.words, channel, this.#slots, this.#rings.attempt),
      maxRecordBytes: this.#maxRecordBytes,
    });
  }

  /** One view for each pool, because encoders and decoders keep what belongs to a view. */
  #pool(slot: number): Buffer {
    const known = this.#pools.get(slot);
    if (known !== undefined) return known;
    const shared = this.#rings.pools[slot];
    if (shared === undefined)
      throw new MillraceError("INTERNAL", `the rings of slot ${this.#slot} lack the pool of slot ${slot}`);
    const pool = Buffer.from(shared);
    this.#pools.set(slot, pool);
    return pool;
  }

  #take<T>(ends: ReadonlyMap<number, T>, channelId: number, direction: string): T {
    const end = ends.get(channelId);
    if (end === undefined || this.#taken.has(channelId)) {
      const what = end === undefined ? "no such channel" : "its end is taken already";
      throw new MillraceError("INTERNAL", `channel ${channelId} ${direction} slot ${this.#slot}: ${what}`);
    }
    this.#taken.add(channelId);
    return end;
  }
}
