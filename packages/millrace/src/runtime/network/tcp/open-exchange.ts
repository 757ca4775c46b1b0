import { MessageChannel } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import type { Clock, ClockTimer } from "../../../common/clock/clock.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { preview } from "../../../common/errors/preview.ts";
import { ringsOfSlot } from "../ring/ring-descriptor.ts";
import { markSlotClosed } from "../ring/ring-network.ts";
import type { DataExchange } from "./data-network.ts";
import type { IncomingLeg } from "./incoming-leg.ts";
import type { LegIdentity, OutgoingLeg } from "./outgoing-leg.ts";
import type { ExchangePlan } from "./plan-exchange.ts";
import { Relay } from "./relay.ts";

/** What an exchange is made of. */
export interface OpenExchangeOptions {
  readonly plan: ExchangePlan;
  readonly identity: LegIdentity;
  readonly clock: Clock;
  /** ms for which peers are waited for. */
  readonly openTimeout: number;
  readonly log: (message: string) => void;
  readonly onClosed: () => void;
}

/** An exchange that is open here. */
export class OpenExchange implements DataExchange {
  readonly pairs: DataExchange["pairs"];
  readonly relay: number;
  readonly relayed: readonly number[];
  /** Bytes of shared memory for frames that arrive in slots here, and for those on their way to other processes. */
  readonly poolBytes: number;
  readonly mirrorBytes: number;
  readonly #options: OpenExchangeOptions;
  readonly #relay: Relay | undefined;
  /** To slots' threads, and their own ends until they are fetched. */
  readonly #bells = new Map<number, MessagePort>();
  readonly #theirs = new Map<number, MessagePort>();
  #timer: ClockTimer | undefined;
  #closed = false;

  constructor(options: OpenExchangeOptions) {
    const { plan, identity, clock, openTimeout } = options;
    const { rings, relay, relayed } = plan;
    this.#options = options;
    this.relay = relay;
    this.relayed = relayed;
    this.pairs = pairsOf(plan);
    this.mirrorBytes = rings.pools[relay]?.byteLength ?? 0;
    this.poolBytes = rings.pools.reduce((sum, pool) => sum + (pool?.byteLength ?? 0), 0) - this.mirrorBytes;
    if (relayed.length === 0) return;
    this.#relay = new Relay({
      plan,
      identity,
      clock,
      ring: (slot) => this.#bells.get(slot)?.postMessage(0),
      onFailed: (error) => {
        options.log(`exchange ${identity.exchange} has failed: ${preview(error)}`);
        this.close();
      },
    });
    for (const slot of relayed) this.#connect(slot, this.#relay.bell);
    this.#timer = clock.schedule(openTimeout, () => this.#expire());
  }

  get outgoing(): readonly OutgoingLeg[] {
    return this.#relay?.outgoing ?? [];
  }

  get incoming(): readonly IncomingLeg[] {
    return this.#relay?.incoming ?? [];
  }

  of(slot: number): unknown {
    const rings = ringsOfSlot(this.#options.plan.rings, slot);
    return rings.channels.length === 0 ? undefined : rings;
  }

  bellOf(slot: number): MessagePort {
    const port = this.#theirs.get(slot);
    if (port === undefined)
      throw new MillraceError("INTERNAL", `slot ${slot} has no line to the relay, or has fetched it already`);
    this.#theirs.delete(slot);
    return port;
  }

  slotGone(slot: number, ring: (other: number) => void): void {
    if (this.#closed) return;
    markSlotClosed(this.#options.plan.rings, slot, ring);
    this.#relay?.bell();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    this.#relay?.close();
    for (const port of [...this.#bells.values(), ...this.#theirs.values()]) port.close();
    this.#bells.clear();
    this.#theirs.clear();
    this.#options.onClosed();
  }

  #connect(slot: number, bell: () => void): void {
    const { port1, port2 } = new MessageChannel();
    port1.on("message", bell);
    port1.unref();
    this.#bells.set(slot, port1);
    this.#theirs.set(slot, port2);
  }

  /** Peers that have not come by now don't come. */
  #expire(): void {
    const { log, identity, openTimeout } = this.#options;
    for (const leg of [...this.outgoing, ...this.incoming]) {
      if (!leg.waiting) continue;
      log(`exchange ${identity.exchange}: ${leg.plan.name} has not opened its side within ${openTimeout} ms`);
      leg.close(true);
    }
  }
}

function pairsOf({ rings, relay }: ExchangePlan): readonly (readonly [number, number])[] {
  const pairs = new Map(
    rings.links
      .filter(({ producerSlot, consumerSlot }) => producerSlot !== relay && consumerSlot !== relay)
      .map(({ producerSlot: a, consumerSlot: b }) => {
        const pair = [Math.min(a, b), Math.max(a, b)] as const;
        return [pair.join(":"), pair];
      }),
  );
  return [...pairs.values()];
}
