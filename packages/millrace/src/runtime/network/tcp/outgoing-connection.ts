import type { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import type { MillraceError } from "../../../common/errors/millrace-error.ts";
import { preview } from "../../../common/errors/preview.ts";
import {
  NONCE_BYTES,
  Refusal,
  decodeHello,
  decodeOpened,
  decodeRefused,
  encodeHello,
  encodeOpen,
} from "../../../protocol/data/handshake.ts";
import type { Hello } from "../../../protocol/data/handshake.ts";
import { MessageKind, violation } from "../../../protocol/data/message-header.ts";
import { Connection } from "./connection.ts";
import type { ConnectionHandler, Liveness } from "./connection.ts";
import type { Line } from "./line.ts";
import type { OutgoingLeg } from "./outgoing-leg.ts";
import { isProof, prove } from "./proof.ts";
import type { ProofSubject } from "./proof.ts";

/** What a connection to a peer needs to know. */
export interface OutgoingOptions {
  readonly socket: Socket;
  readonly taskManagerId: string;
  /** Who must answer. */
  readonly peerId: string;
  /** Names the peer in logs. */
  readonly peerName: string;
  readonly liveness: Liveness;
  /** ms without any exchange after which it closes itself. */
  readonly idleTimeout: number;
  readonly log: (message: string) => void;
  /** @param again exchanges that are to be asked for on another connection: they were not open yet, so nothing is lost */
  readonly onClosed: (connection: OutgoingConnection, again: readonly OutgoingLeg[]) => void;
}

/** A connection that this process has opened, to send frames on. */
export class OutgoingConnection implements ConnectionHandler, Line {
  readonly connection: Connection;
  readonly #options: OutgoingOptions;
  readonly #nonce = randomBytes(NONCE_BYTES);
  /** What the peer has said of itself. */
  #hello: Hello | undefined;
  /** Exchanges that wait for that. */
  #unasked: OutgoingLeg[] = [];
  readonly #legs = new Map<number, OutgoingLeg>();
  /** The last number that an exchange was given. */
  #last = 0;
  #idleTicks = 0;

  constructor(options: OutgoingOptions) {
    this.#options = options;
    this.connection = new Connection(options.socket, options.peerName, this, options.liveness);
    const { taskManagerId, peerId } = options;
    this.outbox.message(
      MessageKind.HELLO,
      0,
      encodeHello({ from: taskManagerId, to: peerId, nonce: this.#nonce }),
    );
    this.connection.flush();
  }

  /** Whether exchanges may still be opened on it. */
  get usable(): boolean {
    return !this.connection.closing;
  }

  get outbox(): Line["outbox"] {
    return this.connection.outbox;
  }

  get congested(): boolean {
    return this.connection.congested;
  }

  /** Asks the peer for an exchange. */
  open(leg: OutgoingLeg): void {
    if (this.#hello === undefined) this.#unasked.push(leg);
    else this.#ask(leg, this.#hello);
  }

  flush(): void {
    this.connection.flush();
  }

  release(handle: number): void {
    this.#legs.delete(handle);
  }

  onFrame(): never {
    throw violation("no frames from who receives them", "one");
  }

  onFrameEnd(): void {}

  onMessage(kind: MessageKind, exchange: number, bytes: Buffer): void {
    if (kind === MessageKind.HELLO) {
      this.#greeted(decodeHello(bytes));
      return;
    }
    if (this.#hello === undefined) throw violation("a greeting first", `a message of kind ${kind}`);
    if (kind === MessageKind.PING) return;
    const leg = this.#legs.get(exchange);
    if (leg === undefined) {
      if (exchange === 0 || exchange > this.#last)
        throw violation(`exchanges up to ${this.#last}`, `exchange ${exchange}`);
      // Closed here, which the peer didn't know.
      return;
    }
    switch (kind) {
      case MessageKind.OPENED:
        this.#opened(leg, exchange, bytes);
        return;
      case MessageKind.REFUSED:
        this.#refused(leg, exchange, bytes);
        return;
      case MessageKind.CLOSED:
        this.release(exchange);
        leg.over(false);
        return;
      default:
        leg.onMessage(kind, bytes);
    }
  }

  onDrain(): void {}

  onTick(): void {
    this.#idleTicks = this.#legs.size === 0 && this.#unasked.length === 0 ? this.#idleTicks + 1 : 0;
    const { liveness, idleTimeout } = this.#options;
    if (this.#idleTicks * liveness.heartbeatInterval >= idleTimeout) this.connection.end();
  }

  onClosed(error: MillraceError | undefined): void {
    const legs = [...this.#legs.values(), ...this.#unasked.filter((leg) => leg.waiting)];
    this.#legs.clear();
    this.#unasked = [];
    const { log, onClosed } = this.#options;
    if (error !== undefined && (legs.length > 0 || error.code !== "CONNECTION_LOST"))
      log(`${error.message} (frames to it, ${legs.length} exchanges)`);
    // The other end may not have heard of them: only who asks again makes it see that somebody is there, or is gone.
    const again =
      this.connection.cut && this.#hello !== undefined ? legs.filter((leg) => leg.mayBeAskedAgain) : [];
    onClosed(this, again);
    for (const leg of legs) if (!again.includes(leg)) leg.over(true);
  }

  #greeted(hello: Hello): void {
    if (this.#hello !== undefined) throw violation("one greeting", "another");
    const { peerId, peerName } = this.#options;
    // Another process got the port of one that is gone.
    if (hello.from !== peerId) throw violation(peerName, `TaskManager ${preview(hello.from)}`);
    this.#hello = hello;
    const unasked = this.#unasked;
    this.#unasked = [];
    for (const leg of unasked) if (leg.waiting) this.#ask(leg, hello);
  }

  #ask(leg: OutgoingLeg, hello: Hello): void {
    const handle = ++this.#last;
    const { exchange, secret, attempt } = leg.identity;
    const { channels, digest } = leg.plan.outgoing;
    this.#legs.set(handle, leg);
    leg.asked(this, handle);
    const proof = prove(secret, this.#subject("producer", leg, handle, hello));
    this.outbox.message(
      MessageKind.OPEN,
      handle,
      encodeOpen({ proof, digest, attempt, channels: channels.length, exchange }),
    );
    this.connection.flush();
  }

  #opened(leg: OutgoingLeg, handle: number, bytes: Buffer): void {
    const subject = this.#subject("consumer", leg, handle, this.#hello as Hello);
    if (!isProof(decodeOpened(bytes), leg.identity.secret, subject))
      throw violation(`a proof that it knows exchange ${leg.identity.exchange}`, "a wrong one");
    leg.opened();
  }

  #refused(leg: OutgoingLeg, handle: number, bytes: Buffer): void {
    const { reason, text } = decodeRefused(bytes);
    this.#options.log(
      `${this.#options.peerName} has refused exchange ${leg.identity.exchange}: ${preview(text)}`,
    );
    this.release(handle);
    // That it was open before the connection was cut is why it is open no more.
    leg.over(reason !== Refusal.UNKNOWN || leg.askedAgain);
  }

  #subject(side: ProofSubject["side"], leg: OutgoingLeg, handle: number, hello: Hello): ProofSubject {
    return {
      side,
      producer: this.#options.taskManagerId,
      consumer: this.#options.peerId,
      producerNonce: this.#nonce,
      consumerNonce: hello.nonce,
      exchange: leg.identity.exchange,
      attempt: leg.identity.attempt,
      handle,
      digest: leg.plan.outgoing.digest,
    };
  }
}
