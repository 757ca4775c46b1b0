import type { Buffer } from "node:buffer";
import { CLOSED_BYTES, FREED_BYTES, entriesIn } from "../../../protocol/data/channel-messages.ts";
import { MAX_MESSAGE_BYTES, MessageKind, violation } from "../../../protocol/data/message-header.ts";
import type { Line } from "./line.ts";
import type { OutboundChannel } from "./outbound-channel.ts";
import type { PeerPlan } from "./plan-exchange.ts";

/** How often an exchange is asked for. Each time costs a connection: what cuts all of them lasts. */
const MAX_ASKED = 3;

/** An exchange, as it proves itself on a connection. */
export interface LegIdentity {
  readonly exchange: string;
  readonly secret: string;
  readonly attempt: number;
}

/**
 * The channels of one exchange to one other process, on their connection. Waits until the peer has opened the exchange, too; is over when
 * either side has closed it, the peer has refused it, or the connection is gone.
 */
export class OutgoingLeg {
  readonly plan: PeerPlan;
  readonly identity: LegIdentity;
  readonly #channels: ReadonlyMap<number, OutboundChannel>;
  #line: Line | undefined;
  #handle = 0;
  #asked = 0;
  #state: "waiting" | "open" | "over" = "waiting";
  /** Channels whose producers have closed, of which the peer has not been told. */
  #closing: number[] = [];

  constructor(plan: PeerPlan, identity: LegIdentity, channels: readonly OutboundChannel[]) {
    this.plan = plan;
    this.identity = identity;
    this.#channels = new Map(channels.map((channel) => [channel.id, channel]));
  }

  get waiting(): boolean {
    return this.#state === "waiting";
  }

  /** Whether it may be asked for on another connection when this one is cut. */
  get mayBeAskedAgain(): boolean {
    return this.waiting && this.#asked < MAX_ASKED;
  }

  get askedAgain(): boolean {
    return this.#asked > 1;
  }

  /** The connection has asked for it under this number. */
  asked(line: Line, handle: number): void {
    this.#asked++;
    this.#line = line;
    this.#handle = handle;
  }

  /** The peer has opened it. */
  opened(): void {
    const line = this.#line;
    if (line === undefined || this.#state !== "waiting")
      throw violation("an exchange to be opened once", `${this.identity.exchange} again`);
    this.#state = "open";
    for (const channel of this.#channels.values()) channel.open(line.outbox, this.#handle);
    this.#tellClosed();
  }

  /** Sends what the channels have put into the outbox since. */
  flush(): void {
    if (this.#state === "open" && this.#line?.outbox.empty === false) this.#line.flush();
  }

  /** The producer's end of a channel has closed, after everything that it sent. */
  producerClosed(channel: OutboundChannel): void {
    if (channel.closeTold) return;
    channel.closeTold = true;
    this.#closing.push(channel.id);
  }

  /** Tells of the producers that have closed. */
  tellClosed(): void {
    if (this.#closing.length > 0 && this.#state === "open") this.#tellClosed();
  }

  /** For the connection: what the peer says. @throws PROTOCOL_VIOLATION */
  onMessage(kind: MessageKind, bytes: Buffer): void {
    if (this.#state !== "open")
      throw violation("an answer to an exchange that was asked for", `kind ${kind}`);
    if (kind === MessageKind.FREED) {
      const count = entriesIn(bytes.length, FREED_BYTES);
      for (let i = 0; i < count; i++) {
        const at = i * FREED_BYTES;
        this.#channel(bytes.readUInt32LE(at)).freed(bytes.readUInt32LE(at + 4), bytes.readUInt32LE(at + 8));
      }
      return;
    }
    if (kind !== MessageKind.CONSUMERS_CLOSED)
      throw violation("news of consumers", `a message of kind ${kind}`);
    const count = entriesIn(bytes.length, CLOSED_BYTES);
    for (let i = 0; i < count; i++) this.#channel(bytes.readUInt32LE(i * CLOSED_BYTES)).close(false);
  }

  /** Nothing more comes or goes: all channels fail that have not come to their end. */
  over(lost: boolean): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#line = undefined;
    this.#closing = [];
    for (const channel of this.#channels.values()) channel.close(lost);
  }

  /** This side gives it up. */
  close(lost = false): void {
    const line = this.#line;
    if (this.#state !== "over" && line !== undefined) {
      line.outbox.message(MessageKind.CLOSED, this.#handle);
      line.flush();
      line.release(this.#handle);
    }
    this.over(lost);
  }

  #tellClosed(): void {
    const most = MAX_MESSAGE_BYTES / CLOSED_BYTES;
    for (let from = 0; from < this.#closing.length; from += most) {
      const ids = Uint32Array.from(this.#closing.slice(from, from + most));
      this.#line?.outbox.numbers(MessageKind.PRODUCERS_CLOSED, this.#handle, ids, ids.length);
    }
    this.#closing = [];
  }

  #channel(id: number): OutboundChannel {
    const channel = this.#channels.get(id);
    if (channel === undefined)
      throw violation(`channels of exchange ${this.identity.exchange}`, `channel ${id}`);
    return channel;
  }
}
