import { Buffer } from "node:buffer";
import type { Clock } from "../../../common/clock/clock.ts";
import { fallAsleep, takeArrivals, type Sender } from "../ring/arrivals.ts";
import { ConsumerWords, ProducerWords } from "../ring/channel-words.ts";
import { IndexRingConsumer, IndexRingProducer } from "../ring/index-ring.ts";
import type { RingChannel, RingDescriptor } from "../ring/ring-descriptor.ts";
import { Signal, SlotWords } from "../ring/slot-words.ts";
import type { Bell } from "../ring/slot-words.ts";
import { InboundChannel } from "./inbound-channel.ts";
import { IncomingLeg } from "./incoming-leg.ts";
import { OutboundChannel } from "./outbound-channel.ts";
import type { MirrorPool } from "./outbound-channel.ts";
import { OutgoingLeg } from "./outgoing-leg.ts";
import type { LegIdentity } from "./outgoing-leg.ts";
import type { ExchangePlan } from "./plan-exchange.ts";

/** What a relay is made of. */
export interface RelayOptions {
  readonly plan: ExchangePlan;
  readonly identity: LegIdentity;
  readonly clock: Clock;
  /** Wakes the thread of a slot that is here. */
  readonly ring: Bell;
  /** Told once when the relay can't go on: it has closed itself as after a lost connection. */
  readonly onFailed: (error: unknown) => void;
}

/** Looks in a row that may find nothing before the relay sleeps, each after the event loop's other work. */
const MAX_PATIENCE = 64;

/**
 * The process's main thread, as one more slot in the rings of an attempt: takes the frames that go to other processes off the index rings and
 * puts them on connections, and puts what arrives there into the slots' pools. Sleeps and is rung like any slot.
 */
export class Relay {
  /** One for each process that slots here send to, and that slots here receive from. */
  readonly outgoing: readonly OutgoingLeg[];
  readonly incoming: readonly IncomingLeg[];
  readonly #slot: number;
  readonly #rings: RingDescriptor;
  readonly #slots: SlotWords;
  readonly #clock: Clock;
  readonly #onFailed: (error: unknown) => void;
  readonly #outbound: readonly OutboundChannel[];
  readonly #legs = new Map<OutboundChannel, OutgoingLeg>();
  /** Slots of this process that send to others. */
  readonly #senders: readonly Sender<OutboundChannel>[];
  #awake = false;
  #closed = false;
  /** Looks in a row that have found nothing, and how many of them may be before it sleeps. */
  #empty = 0;
  #patience = 1;

  constructor({ plan, identity, clock, ring, onFailed }: RelayOptions) {
    const { rings, relay, peers } = plan;
    this.#slot = relay;
    this.#rings = rings;
    this.#slots = new SlotWords(rings.words, ring);
    this.#clock = clock;
    this.#onFailed = onFailed;
    const outbound = this.#openOutbound(rings);
    const inbound = this.#openInbound(rings);
    this.#outbound = [...outbound.values()];
    this.#senders = rings.links
      .filter(({ consumerSlot }) => consumerSlot === relay)
      .map((link) => {
        const receivers: OutboundChannel[] = [];
        for (const { id, producerSlot, consumerSlot, ordinal } of rings.channels) {
          if (producerSlot === link.producerSlot && consumerSlot === relay)
            receivers[ordinal] = outbound.get(id) as OutboundChannel;
        }
        return { ring: new IndexRingConsumer(rings.words, link), receivers };
      });
    const of = <T>(ends: ReadonlyMap<number, T>, channels: readonly RingChannel[]): T[] =>
      channels.map(({ id }) => ends.get(id) as T);
    this.outgoing = peers
      .filter(({ outgoing }) => outgoing.channels.length > 0)
      .map((peer) => new OutgoingLeg(peer, identity, of(outbound, peer.outgoing.channels)));
    this.incoming = peers
      .filter(({ incoming }) => incoming.channels.length > 0)
      .map((peer) => new IncomingLeg(peer, identity, of(inbound, peer.incoming.channels)));
    for (const leg of this.outgoing)
      for (const { id } of leg.plan.outgoing.channels)
        this.#legs.set(outbound.get(id) as OutboundChannel, leg);
    this.#sleep();
  }

  /** The bell rang. */
  readonly bell = (): void => {
    if (this.#awake || this.#closed) return;
    this.#awake = true;
    this.#slots.getUp(this.#slot);
    this.#turn();
  };

  /** Ends it: channels that have not come to their end fail at both ends. What producers have sent before still leaves. */
  close(lost = false): void {
    if (this.#closed) return;
    // First what was sent, and who has closed.
    if (!lost) this.#attempt(() => this.#poll());
    if (this.#closed) return;
    this.#closed = true;
    this.#slots.markClosed(this.#slot, this.#rings.slots);
    for (const leg of this.outgoing) leg.close();
    for (const leg of this.incoming) leg.close();
  }

  /** Looks around; again after the event loop's other work for as long as there was something, then sleeps. */
  readonly #turn = (): void => {
    this.#attempt(() => {
      if (this.#closed) return;
      if (this.#goesOn(this.#poll()) || !this.#fallAsleep()) this.#clock.yield(this.#turn);
    });
  };

  /**
   * Whether to look again rather than sleep. To be woken costs the waker more than some empty looks cost the relay; how many they may be
   * depends on whether such looks have found anything lately. So they are many while frames flow, and few otherwise.
   */
  #goesOn(found: boolean): boolean {
    if (found) {
      if (this.#empty > 0) this.#patience = Math.min(MAX_PATIENCE, this.#patience * 2);
      this.#empty = 0;
      return true;
    }
    if (++this.#empty <= this.#patience) return true;
    this.#empty = 0;
    this.#patience = Math.max(1, this.#patience >> 1);
    return false;
  }

  /** Nothing that goes wrong here may end the process: the exchange fails. */
  #attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      for (const leg of this.outgoing) leg.over(true);
      for (const leg of this.incoming) leg.over(true);
      this.close(true);
      this.#onFailed(error);
    }
  }

  #poll(): boolean {
    // The signal first, as slots do: what was put into a ring before a closing was signalled is then found in the ring.
    const signal = this.#slots.takeSignal(this.#slot);
    if ((signal & Signal.BARRIER) !== 0) this.#lookForBarriers();
    const arrived = this.#takeArrivals();
    if ((signal & Signal.CLOSED) !== 0) this.#checkProducers();
    for (const leg of this.outgoing) leg.flush();
    if ((signal & Signal.CREDIT) !== 0) for (const leg of this.incoming) leg.tellFreed();
    if ((signal & Signal.CLOSED) !== 0) for (const leg of this.incoming) leg.tellClosed();
    return arrived || signal !== 0;
  }

  #takeArrivals(): boolean {
    return takeArrivals(this.#senders, this.#slots, this.#slot, this.#lookForBarriers);
  }

  readonly #lookForBarriers = (): void => {
    for (const channel of this.#outbound) channel.lookForBarrier();
  };

  /** What a producer sent before it closed is taken before its closing is told. */
  #checkProducers(): void {
    const closed = this.#outbound.filter((channel) => !channel.closeTold && channel.writerClosed);
    this.#takeArrivals();
    for (const channel of closed) this.#legs.get(channel)?.producerClosed(channel);
    for (const leg of this.outgoing) leg.tellClosed();
  }

  #sleep(): void {
    this.#awake = true;
    if (!this.#fallAsleep()) this.#clock.yield(this.#turn);
  }

  #fallAsleep(): boolean {
    const asleep = fallAsleep(this.#senders, this.#slots, this.#slot);
    this.#awake = !asleep;
    return asleep;
  }

  #openOutbound(rings: RingDescriptor): Map<number, OutboundChannel> {
    const shared = rings.pools[this.#slot];
    if (shared === undefined) return new Map();
    const pool: MirrorPool = { bytes: Buffer.from(shared), view: new DataView(shared) };
    return new Map(
      rings.channels
        .filter(({ consumerSlot }) => consumerSlot === this.#slot)
        .map((channel) => [
          channel.id,
          new OutboundChannel(
            channel,
            pool,
            new ConsumerWords(rings.words, channel, this.#slots, rings.attempt),
          ),
        ]),
    );
  }

  #openInbound(rings: RingDescriptor): Map<number, InboundChannel> {
    const pools = rings.pools.map((shared) =>
      shared === undefined ? undefined : { pool: Buffer.from(shared), view: new DataView(shared) },
    );
    const links = new Map(
      rings.links
        .filter(({ producerSlot }) => producerSlot === this.#slot)
        .map((link) => [link.consumerSlot, new IndexRingProducer(rings.words, link)]),
    );
    return new Map(
      rings.channels
        .filter(({ producerSlot }) => producerSlot === this.#slot)
        .map((channel) => [
          channel.id,
          new InboundChannel({
            channel,
            attempt: rings.attempt,
            ...(pools[channel.consumerSlot] as { pool: Buffer; view: DataView }),
            words: new ProducerWords(rings.words, channel, this.#slots),
            ring: links.get(channel.consumerSlot) as IndexRingProducer,
            slots: this.#slots,
          }),
        ]),
    );
  }
}
