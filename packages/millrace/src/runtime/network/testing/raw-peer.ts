import { Buffer } from "node:buffer";
import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { decodeHello, encodeHello, encodeOpen } from "../../../protocol/data/handshake.ts";
import {
  MESSAGE_HEADER_BYTES,
  MessageKind,
  writeMessageHeader,
} from "../../../protocol/data/message-header.ts";
import { MessageReader } from "../tcp/message-reader.ts";
import { prove } from "../tcp/proof.ts";

/** What it received. */
export interface RawMessage {
  readonly kind: number;
  readonly exchange: number;
  readonly bytes: Buffer;
}

/** Says to a data port whatever a test wants it to. */
export class RawPeer {
  readonly socket: Socket;
  readonly received: RawMessage[] = [];
  readonly closed: Promise<unknown>;
  readonly #nonce = Buffer.alloc(32, 7);
  #arrived: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    this.closed = once(socket, "close");
    socket.on("error", () => undefined);
    const reader = new MessageReader({
      onFrame: () => 0,
      onFrameEnd: () => undefined,
      onMessage: (kind, exchange, bytes) => {
        this.received.push({ kind, exchange, bytes: Buffer.from(bytes) });
        this.#arrived?.();
      },
    });
    socket.on("data", (chunk: Buffer) => reader.push(chunk));
  }

  static async connect(port: number): Promise<RawPeer> {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    const peer = new RawPeer(socket);
    await once(socket, "connect");
    return peer;
  }

  send(kind: number, exchange: number, payload: Uint8Array = new Uint8Array()): void {
    const bytes = Buffer.alloc(MESSAGE_HEADER_BYTES + payload.length);
    writeMessageHeader(
      new DataView(bytes.buffer, bytes.byteOffset),
      0,
      kind as MessageKind,
      exchange,
      payload.length,
    );
    bytes.set(payload, MESSAGE_HEADER_BYTES);
    this.socket.write(bytes);
  }

  hello(from: string, to: string): void {
    this.send(MessageKind.HELLO, 0, encodeHello({ from, to, nonce: this.#nonce }));
  }

  /** Asks for an exchange with a proof of this secret. */
  async open(options: {
    readonly from: string;
    readonly exchange: string;
    readonly secret: string;
    readonly attempt: number;
    readonly digest: Uint8Array;
    readonly channels: number;
    readonly handle?: number;
  }): Promise<void> {
    const hello = decodeHello((await this.next(MessageKind.HELLO)).bytes);
    const handle = options.handle ?? 1;
    const proof = prove(options.secret, {
      side: "producer",
      producer: options.from,
      consumer: hello.from,
      producerNonce: this.#nonce,
      consumerNonce: hello.nonce,
      exchange: options.exchange,
      attempt: options.attempt,
      handle,
      digest: options.digest,
    });
    this.send(MessageKind.OPEN, handle, encodeOpen({ ...options, proof }));
  }

  /** The first message of this kind. */
  async next(kind: number): Promise<RawMessage> {
    for (;;) {
      const found = this.received.find((message) => message.kind === kind);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
    }
  }
}
