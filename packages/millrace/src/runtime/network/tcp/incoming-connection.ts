import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import type { MillraceError } from "../../../common/errors/millrace-error.ts";
import { preview } from "../../../common/errors/preview.ts";
import {
  NONCE_BYTES,
  Refusal,
  decodeHello,
  decodeOpen,
  encodeHello,
  encodeRefused,
} from "../../../protocol/data/handshake.ts";
import type { Hello, Open } from "../../../protocol/data/handshake.ts";
import { MessageKind, violation } from "../../../protocol/data/message-header.ts";
import { Connection } from "./connection.ts";
import type { ConnectionHandler, Liveness } from "./connection.ts";
import type { IncomingLeg } from "./incoming-leg.ts";
import type { Line } from "./line.ts";
import type { FrameTarget } from "./message-reader.ts";
import { isProof, prove } from "./proof.ts";
import type { ProofSubject } from "./proof.ts";

/** What an accepted connection needs to know. */
export interface IncomingOptions {
  readonly socket: Socket;
  readonly taskManagerId: string;
  readonly liveness: Liveness;
  /** ms for which an exchange that is not known here yet is waited for. */
  readonly openTimeout: number;
  /** The end of an exchange that receives from this TaskManager; "closed": it was, and is no more; undefined: not known yet. */
  readonly find: (exchange: string, peerId: string) => IncomingLeg | "closed" | undefined;
  /** Whether one more exchange may wait that somebody has asked for who has not proved anything. */
  readonly mayPark: () => boolean;
  readonly log: (message: string, stranger?: string) => void;
  readonly onClosed: (connection: IncomingConnection) => void;
}

/** Exchanges that wait to be opened here, on one connection. */
const MAX_PARKED = 4096;
/** Refusals on a connection that has not proved anything. */
const MAX_REFUSED = 1024;
/** Bytes of the largest frame that any channel can have; those of exchanges that are closed are read into nowhere. */
const MAX_FRAME_BYTES = 64 * 1024;

interface Parked {
  readonly open: Open;
  ticks: number;
}

/** A connection that another process has opened, to send frames on. It is not trusted before it has proved to know an exchange's secret. */
export class IncomingConnection implements ConnectionHandler, Line {
  readonly connection: Connection;
  /** Whether it has proved to know any exchange. */
  proven = false;
  readonly #options: IncomingOptions;
  readonly #nonce = randomBytes(NONCE_BYTES);
  readonly #legs = new Map<number, IncomingLeg>();
  readonly #parked = new Map<number, Parked>();
  #hello: Hello | undefined;
  /** The last number that an exchange was given. */
  #last = 0;
  #ticks = 0;
  #refused = 0;
  /** Of the frame that is being read; undefined: it goes nowhere. */
  #current: IncomingLeg | undefined;
  // Most frames are of the same exchange as the one before.
  #cached: IncomingLeg | undefined;
  #cachedHandle = 0;

  constructor(options: IncomingOptions) {
    const { socket, taskManagerId, liveness } = options;
    this.#options = options;
    const peer = `${socket.remoteAddress ?? "somebody"}:${socket.remotePort ?? 0}`;
    this.connection = new Connection(socket, peer, this, liveness);
    this.outbox.message(
      MessageKind.HELLO,
      0,
      encodeHello({ from: taskManagerId, to: "", nonce: this.#nonce }),
    );
    this.connection.flush();
  }

  get outbox(): Line["outbox"] {
    return this.connection.outbox;
  }

  get congested(): boolean {
    return this.connection.congested;
  }

  /** Exchanges that it has asked for, and that are not open here yet. */
  get parked(): number {
    return this.#parked.size;
  }

  flush(): void {
    this.connection.flush();
  }

  release(handle: number): void {
    this.#legs.delete(handle);
    if (this.#cachedHandle === handle) this.#cachedHandle = 0;
  }

  /** An exchange was opened here, which the peer may have asked for already. */
  exchangeOpened(exchange: string): void {
    for (const [handle, { open }] of this.#parked) {
      if (open.exchange !== exchange) continue;
      this.#parked.delete(handle);
      this.#open(handle, open, this.#hello as Hello);
    }
    this.flush();
  }

  onFrame(view: DataView, offset: number, exchange: number, target: FrameTarget): number {
    const leg = exchange === this.#cachedHandle ? this.#cached : this.#legs.get(exchange);
    this.#current = leg;
    if (leg !== undefined) {
      this.#cached = leg;
      this.#cachedHandle = exchange;
      return leg.onFrame(view, offset, target);
    }
    this.#checkClosed(exchange);
    const length = view.getUint32(offset + 16, true);
    if (length > MAX_FRAME_BYTES) throw violation(`frames of at most ${MAX_FRAME_BYTES} bytes`, `${length}`);
    if (target.pool !== nowhere) target.pool = nowhere;
    target.offset = 0;
    return length;
  }

  onFrameEnd(): void {
    this.#current?.onFrameEnd();
  }

  onMessage(kind: MessageKind, exchange: number, bytes: Buffer): void {
    if (kind === MessageKind.HELLO) {
      this.#greeted(decodeHello(bytes));
      return;
    }
    const hello = this.#hello;
    if (hello === undefined) throw violation("a greeting first", `a message of kind ${kind}`);
    if (kind === MessageKind.PING) return;
    if (kind === MessageKind.OPEN) {
      if (exchange !== this.#last + 1)
        throw violation(`exchange ${this.#last + 1} to be opened`, `exchange ${exchange}`);
      this.#last = exchange;
      this.#open(exchange, decodeOpen(bytes), hello);
      return;
    }
    const leg = this.#legs.get(exchange);
    if (kind === MessageKind.CLOSED) {
      this.#parked.delete(exchange);
      this.release(exchange);
      leg?.over(false);
    } else if (leg === undefined) {
      this.#checkClosed(exchange);
    } else {
      leg.onMessage(kind, bytes);
    }
  }

  onDrain(): void {
    for (const leg of this.#legs.values()) leg.tellFreed();
  }

  onTick(): void {
    this.#ticks++;
    const { liveness, openTimeout } = this.#options;
    const waited = this.#ticks * liveness.heartbeatInterval;
    if (this.#hello === undefined && waited >= liveness.heartbeatTimeout)
      throw violation(`a greeting within ${liveness.heartbeatTimeout} ms`, "none");
    if (!this.proven && waited >= openTimeout + liveness.heartbeatTimeout)
      throw violation(`an exchange within ${waited} ms`, "none that is known here");
    for (const [handle, parked] of this.#parked) {
      if (++parked.ticks * liveness.heartbeatInterval < openTimeout) continue;
      this.#parked.delete(handle);
      this.#refuse(handle, Refusal.UNKNOWN, `it was not opened here within ${openTimeout} ms`);
    }
    this.flush();
  }

  onClosed(error: MillraceError | undefined): void {
    const legs = [...this.#legs.values()];
    this.#legs.clear();
    this.#parked.clear();
    const { log, onClosed } = this.#options;
    if (error !== undefined && (legs.length > 0 || error.code !== "CONNECTION_LOST")) {
      const from = this.#hello === undefined ? "it" : `TaskManager ${preview(this.#hello.from)}`;
      log(`${error.message} (frames from ${from}, ${legs.length} exchanges)`, this.#stranger());
    }
    onClosed(this);
    for (const leg of legs) leg.over(true);
  }

  #greeted(hello: Hello): void {
    if (this.#hello !== undefined) throw violation("one greeting", "another");
    const { taskManagerId } = this.#options;
    if (hello.to !== taskManagerId)
      throw violation(`a greeting for TaskManager ${taskManagerId}`, `one for ${preview(hello.to)}`);
    this.#hello = hello;
  }

  #open(handle: number, open: Open, hello: Hello): void {
    const leg = this.#options.find(open.exchange, hello.from);
    if (leg === undefined) {
      if (this.#parked.size >= MAX_PARKED || (!this.proven && !this.#options.mayPark()))
        throw violation(`at most ${MAX_PARKED} exchanges that are not open here`, "more");
      this.#parked.set(handle, { open, ticks: 0 });
      return;
    }
    if (leg === "closed" || !leg.waiting || leg.identity.attempt !== open.attempt) {
      this.#refuse(handle, Refusal.UNKNOWN, "it is not open here, or no more");
      return;
    }
    const { secret } = leg.identity;
    const subject = (side: ProofSubject["side"], digest: Uint8Array): ProofSubject => ({
      side,
      producer: hello.from,
      consumer: this.#options.taskManagerId,
      producerNonce: hello.nonce,
      consumerNonce: this.#nonce,
      exchange: open.exchange,
      attempt: open.attempt,
      handle,
      digest,
    });
    if (!isProof(open.proof, secret, subject("producer", open.digest))) {
      this.#refuse(handle, Refusal.PROOF, "the proof is wrong");
      return;
    }
    const { channels, digest } = leg.plan.incoming;
    if (channels.length !== open.channels || Buffer.compare(digest, open.digest) !== 0) {
      this.#refuse(
        handle,
        Refusal.CHANNELS,
        `expected ${channels.length} channels as here, got ${open.channels} with other ids, slots, or sizes or numbers of frames`,
      );
      leg.over(true);
      return;
    }
    this.proven = true;
    this.#legs.set(handle, leg);
    this.outbox.message(MessageKind.OPENED, handle, prove(secret, subject("consumer", digest)));
    leg.opened(this, handle);
  }

  #refuse(handle: number, reason: Refusal, text: string): void {
    this.#options.log(`exchange ${handle} of ${this.connection.peer} is refused: ${text}`, this.#stranger());
    this.outbox.message(MessageKind.REFUSED, handle, encodeRefused(reason, text));
    // A stranger who asks and asks, and reads nothing, must not fill the memory with answers.
    if (!this.proven && ++this.#refused > MAX_REFUSED)
      this.connection.fail(
        violation(`an exchange that is known here among the first ${MAX_REFUSED}`, "none"),
      );
  }

  #stranger(): string | undefined {
    return this.proven ? undefined : this.connection.peer;
  }

  /** Frames and messages may still be on their way when an exchange is closed. */
  #checkClosed(exchange: number): void {
    if (exchange === 0 || exchange > this.#last)
      throw violation(`exchanges up to ${this.#last}`, `exchange ${exchange}`);
  }
}

const nowhere = Buffer.alloc(MAX_FRAME_BYTES);
