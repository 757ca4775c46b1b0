import type { Buffer } from "node:buffer";
import {
  CLOSED_BYTES,
  FREED_BYTES,
  decodeOvertake,
  entriesIn,
} from "../../../protocol/data/channel-messages.ts";
import { MAX_MESSAGE_BYTES, MessageKind, violation } from "../../../protocol/data/message-header.ts";
import type { InboundChannel } from "./inbound-channel.ts";
import type { Line } from "./line.ts";
import type { FrameTarget } from "./message-reader.ts";
import type { LegIdentity } from "./outgoing-leg.ts";
import type { PeerPlan } from "./plan-exchange.ts";

/** Channels of which one message tells at most. */
const FREED_AT_ONCE = Math.floor(MAX_MESSAGE_BYTES / FREED_BYTES);
const CLOSED_AT_ONCE = MAX_MESSAGE_BYTES / CLOSED_BYTES;

/** The channels of one exchange from one other process, on the connection that this has opened. */
export class IncomingLeg {
  readonly plan: PeerPlan;
  readonly identity: LegIdentity;
  readonly #channels: ReadonlyMap<number, InboundChannel>;
  /** Channels with frames out. */
  readonly #active: InboundChannel[] = [];
  readonly #numbers = new Uint32Array(3 * FREED_AT_ONCE);
  /** The channel of the frame that is being read. */
  #current: InboundChannel | undefined;
  #line: Line | undefined;
  #handle = 0;
  #state: "waiting" | "open" | "over" = "waiting";

  constructor(plan: PeerPlan, identity: LegIdentity, channels: readonly InboundChannel[]) {
    this.plan = plan;
    this.identity = identity;
    this.#channels = new Map(channels.map((channel) => [channel.id, channel]));
  }

  get waiting(): boolean {
    return this.#state === "waiting";
  }

  /** The peer has asked for it, and has proved that it may. */
  opened(line: Line, handle: number): void {
    this.#line = line;
    this.#handle = handle;
    this.#state = "open";
    this.tellClosed();
  }

  /** For the connection, as `MessageHandler`. @throws PROTOCOL_VIOLATION */
  onFrame(view: DataView, offset: number, target: FrameTarget): number {
    const channel = this.#channel(view.getUint32(offset + 4, true));
    this.#current = channel;
    return channel.begin(view, offset, target);
  }

  onFrameEnd(): void {
    const channel = this.#current as InboundChannel;
    if (this.#state !== "open") return;
    channel.end();
    if (channel.active) return;
    channel.active = true;
    this.#active.push(channel);
  }

  onMessage(kind: MessageKind, bytes: Buffer): void {
    if (kind === MessageKind.OVERTAKE) {
      const { channel, ...overtaking } = decodeOvertake(bytes);
      this.#channel(channel).overtake(overtaking);
      return;
    }
    if (kind !== MessageKind.PRODUCERS_CLOSED)
      throw violation("news of producers", `a message of kind ${kind}`);
    const count = entriesIn(bytes.length, CLOSED_BYTES);
    for (let i = 0; i < count; i++) this.#channel(bytes.readUInt32LE(i * CLOSED_BYTES)).close(false);
  }

  /** Tells the peer what consumers have given back, and sends it; later, if the peer takes nothing at the moment. */
  tellFreed(): void {
    const line = this.#line;
    if (line === undefined || this.#active.length === 0 || line.congested) return;
    const numbers = this.#numbers;
    const active = this.#active;
    let count = 0;
    let kept = 0;
    for (const channel of active) {
      if (channel.lookForFreed()) {
        numbers[count++] = channel.id;
        numbers[count++] = channel.dataFreed;
        numbers[count++] = channel.eventsFreed;
        if (count === numbers.length) {
          line.outbox.numbers(MessageKind.FREED, this.#handle, numbers, count);
          count = 0;
        }
      }
      if (channel.settled) channel.active = false;
      else active[kept++] = channel;
    }
    active.length = kept;
    if (count > 0) line.outbox.numbers(MessageKind.FREED, this.#handle, numbers, count);
    if (!line.outbox.empty) line.flush();
  }

  /** Tells the peer of consumers that have closed their ends. */
  tellClosed(): void {
    const line = this.#line;
    if (line === undefined) return;
    const closed = [...this.#channels.values()].filter(
      (channel) => !channel.closeTold && channel.readerClosed,
    );
    if (closed.length === 0) return;
    for (const channel of closed) channel.closeTold = true;
    for (let from = 0; from < closed.length; from += CLOSED_AT_ONCE) {
      const ids = Uint32Array.from(closed.slice(from, from + CLOSED_AT_ONCE), ({ id }) => id);
      line.outbox.numbers(MessageKind.CONSUMERS_CLOSED, this.#handle, ids, ids.length);
    }
    line.flush();
  }

  /** Nothing more comes: all channels fail that have not come to their end. */
  over(lost: boolean): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#line = undefined;
    this.#active.length = 0;
    for (const channel of this.#channels.values()) channel.close(lost);
  }

  /** This side gives it up. */
  close(lost = false): void {
    const line = this.#line;
    if (this.#state === "open" && line !== undefined) {
      line.outbox.message(MessageKind.CLOSED, this.#handle);
      line.flush();
      line.release(this.#handle);
    }
    this.over(lost);
  }

  #channel(id: number): InboundChannel {
    const channel = this.#channels.get(id);
    if (channel === undefined)
      throw violation(`channels of exchange ${this.identity.exchange}`, `channel ${id}`);
    return channel;
  }
}
