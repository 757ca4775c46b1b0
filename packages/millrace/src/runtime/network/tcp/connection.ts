import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import type { Clock, ClockTimer } from "../../../common/clock/clock.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { tlsFailure } from "../../../common/errors/tls-failure.ts";
import { preview } from "../../../common/errors/preview.ts";
import { MessageKind } from "../../../protocol/data/message-header.ts";
import { MessageReader } from "./message-reader.ts";
import type { MessageHandler } from "./message-reader.ts";
import { Outbox } from "./outbox.ts";

/** How long a connection may be silent. */
export interface Liveness {
  readonly clock: Clock;
  /** ms between two signs of life of an idle connection. */
  readonly heartbeatInterval: number;
  /** ms without any sign of the peer's life after which the connection is closed. */
  readonly heartbeatTimeout: number;
}

/** Who uses a connection. */
export interface ConnectionHandler extends MessageHandler {
  /** It is gone: as it was told (undefined) or for this reason. Said once, and the last thing that is. */
  onClosed(error: MillraceError | undefined): void;
  /** The socket has taken everything; said after `congested` was true. */
  onDrain(): void;
  /** Said once for each heartbeat interval. */
  onTick(): void;
}

/**
 * A socket between two TaskManagers with everything that both directions share: bytes cut into messages, signs of life, an end whatever
 * goes wrong. Nothing is thrown out of the socket's events: what breaks the protocol closes the connection, and names the peer.
 */
export class Connection {
  readonly outbox: Outbox;
  /** The other end, for messages. */
  readonly peer: string;
  readonly #socket: Socket;
  readonly #reader: MessageReader;
  readonly #handler: ConnectionHandler;
  readonly #liveness: Liveness;
  #timer: ClockTimer | undefined;
  /** Whether anything came, and left, since the last tick. */
  #heard = false;
  #bytesBefore = 0;
  /** Ticks for which nothing has come. */
  #silent = 0;
  #error: MillraceError | undefined;
  #closing = false;
  #cut = false;

  constructor(socket: Socket, peer: string, handler: ConnectionHandler, liveness: Liveness) {
    this.#socket = socket;
    this.peer = peer;
    this.#handler = handler;
    this.#liveness = liveness;
    this.outbox = new Outbox(socket);
    this.#reader = new MessageReader(handler);
    socket.on("data", (chunk: Buffer) => this.#data(chunk));
    socket.on("error", (error: Error) => {
      this.#cut ||= this.#error === undefined;
      this.#error ??= this.#lost(tlsFailure(error)?.text ?? error.message, error);
    });
    socket.on("end", () => {
      if (this.#closing) return;
      this.#cut ||= this.#error === undefined;
      this.#error ??= this.#lost("the other side has closed it");
    });
    socket.on("drain", () => this.#drained());
    socket.on("close", () => this.#closed());
    this.#schedule();
  }

  /** More waits to be sent than the socket has taken. */
  get congested(): boolean {
    return this.#socket.writableNeedDrain;
  }

  get closing(): boolean {
    return this.#closing;
  }

  /** It was ended by the other side, or on the way there; not for its silence, and not by this side. */
  get cut(): boolean {
    return this.#cut;
  }

  get framesReceived(): number {
    return this.#reader.frames;
  }

  get bytesSent(): number {
    return this.#socket.bytesWritten - this.#socket.writableLength;
  }

  get bytesReceived(): number {
    return this.#socket.bytesRead;
  }

  get bytesWaiting(): number {
    return this.#socket.writableLength;
  }

  flush(): void {
    if (!this.#closing) this.outbox.flush();
  }

  /** Closes it at once; what waits is lost. */
  close(error?: MillraceError): void {
    this.#closing = true;
    this.#error ??= error;
    this.#socket.destroy();
  }

  /** Closes it when everything was sent. */
  end(): void {
    if (this.#closing) return;
    this.outbox.flush();
    this.#closing = true;
    this.#socket.destroySoon();
  }

  /** An error that says whose fault it is. */
  #lost(reason: string, cause?: unknown): MillraceError {
    return new MillraceError("CONNECTION_LOST", `the data connection with ${this.peer} is gone: ${reason}`, {
      cause,
      retryable: true,
    });
  }

  #data(chunk: Buffer): void {
    if (this.#closing) return;
    this.#heard = true;
    try {
      this.#reader.push(chunk);
    } catch (error) {
      this.fail(error);
    }
    this.flush();
  }

  #drained(): void {
    try {
      this.#handler.onDrain();
    } catch (error) {
      this.fail(error);
    }
  }

  /** Closes it for what a handler has thrown, or would: the peer's fault, as a rule; nothing that comes behind it means anything. */
  fail(error: unknown): void {
    const told = MillraceError.is(error);
    const message = `the data connection with ${this.peer} is closed: ${told ? error.message : preview(error)}`;
    this.close(
      new MillraceError(told ? error.code : "INTERNAL", message, {
        cause: error,
        ...(told && error.help !== undefined ? { help: error.help } : {}),
      }),
    );
  }

  #closed(): void {
    this.#timer?.cancel();
    this.#closing = true;
    this.#handler.onClosed(this.#error);
  }

  #schedule(): void {
    const { clock, heartbeatInterval } = this.#liveness;
    this.#timer = clock.schedule(heartbeatInterval, () => {
      this.#schedule();
      this.#tick();
    });
  }

  /** Counts ticks, not time: a process that was stopped for long has not heard its peers meanwhile, and they may live. */
  #tick(): void {
    const { heartbeatInterval, heartbeatTimeout } = this.#liveness;
    this.#silent = this.#heard ? 0 : this.#silent + 1;
    this.#heard = false;
    if (this.#silent * heartbeatInterval >= heartbeatTimeout) {
      this.close(this.#lost(`nothing has come for ${heartbeatTimeout} ms`));
      return;
    }
    const { bytesWritten } = this.#socket;
    if (bytesWritten === this.#bytesBefore && !this.congested) {
      this.outbox.message(MessageKind.PING, 0);
      this.flush();
    }
    this.#bytesBefore = this.#socket.bytesWritten;
    try {
      this.#handler.onTick();
    } catch (error) {
      this.fail(error);
    }
  }
}
