import { WebSocket } from "ws";
import type { RawData } from "ws";
import type { Clock, ClockTimer } from "../../common/clock/clock.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { MAX_BACKLOG_BYTES } from "../../protocol/cluster/connection.ts";
import type { ResourceConnection } from "../../protocol/cluster/connection.ts";
import type { Log } from "../logging/log.ts";
import { decodeConnectionFrame, encodeResourceFrame, encodeSlotFrame } from "./connection-frames.ts";

/** What an end of a connection needs. */
export interface WebSocketConnectionOptions {
  /** Open. */
  readonly socket: WebSocket;
  /** Host and port of the other side. */
  readonly peer: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Bytes that may wait to be sent. Default MAX_BACKLOG_BYTES. */
  readonly maxBacklog?: number;
}

/** Codes of WebSocket. */
const Code = { NORMAL: 1000, PROTOCOL: 1002, INTERNAL: 1011 } as const;
/** ms that the other side has to take part in closing. */
const CLOSE_TIMEOUT = 1000;
/** Bytes of a reason that WebSocket carries. */
const MAX_REASON_BYTES = 123;

/** Either end of a connection between a TaskManager and the JobManager, over a WebSocket. */
export class WebSocketConnection<
  Out extends object,
  In extends { readonly type: string },
> implements ResourceConnection<Out, In> {
  readonly peer: string;
  onMessage: ((message: In) => void) | undefined;
  onSlotMessage: ((allocation: number, bytes: Uint8Array) => void) | undefined;
  onClose: ((error: Error | undefined) => void) | undefined;
  readonly #socket: WebSocket;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #maxBacklog: number;
  #state: "open" | "closing" | "closed" = "open";
  /** Why it is closed, where it was not in order. */
  #reason: Error | undefined;
  #timer: ClockTimer | undefined;

  constructor({ socket, peer, clock, log, maxBacklog }: WebSocketConnectionOptions) {
    this.peer = peer;
    this.#socket = socket;
    this.#clock = clock;
    this.#log = log;
    this.#maxBacklog = maxBacklog ?? MAX_BACKLOG_BYTES;
    socket.binaryType = "nodebuffer";
    socket.on("message", (data, isBinary) => this.#receive(data, isBinary));
    socket.on("error", (error) => this.#fail(error));
    // Whoever was given this connection sets its callbacks first.
    socket.pause();
    clock.yield(() => {
      socket.on("close", (code, reason) => this.#ended(code, reason.toString("utf8")));
      if (socket.readyState === WebSocket.CLOSED) this.#ended(Code.INTERNAL, "");
      else socket.resume();
    });
  }

  send(message: Out): void {
    this.#transmit(() => encodeResourceFrame(message));
  }

  sendToSlot(allocation: number, bytes: Uint8Array): void {
    this.#transmit(() => encodeSlotFrame(allocation, bytes));
  }

  close(reason = ""): void {
    this.#shut(Code.NORMAL, reason);
  }

  #transmit(encode: () => Uint8Array): void {
    if (this.#state !== "open") return;
    this.#socket.send(encode());
    const waiting = this.#socket.bufferedAmount;
    if (waiting <= this.#maxBacklog) return;
    this.#reason ??= new MillraceError(
      "CONNECTION_LOST",
      `${this.peer} takes no messages: ${waiting} bytes wait for it`,
      { retryable: true },
    );
    this.#log("warn", this.#reason.message);
    this.#state = "closing";
    this.#socket.terminate();
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#state !== "open") return;
    try {
      if (!isBinary) throw new MillraceError("PROTOCOL_VIOLATION", "expected binary messages, got text");
      const frame = decodeConnectionFrame<In>(data as Buffer);
      if (frame.kind === "resource") this.onMessage?.(frame.message);
      else this.onSlotMessage?.(frame.allocation, frame.bytes);
    } catch (error) {
      // Fields that are not what they should be show as errors of whoever reads them.
      const text = error instanceof Error ? error.message : String(error);
      this.#reason ??= violation(this.peer, error);
      this.#log("warn", `closed the connection from ${this.peer}: ${text}`, error);
      this.#shut(Code.PROTOCOL, text);
    }
  }

  #shut(code: number, reason: string): void {
    if (this.#state !== "open") return;
    this.#state = "closing";
    this.#socket.close(code, shorten(reason));
    this.#timer = this.#clock.schedule(CLOSE_TIMEOUT, () => this.#socket.terminate());
  }

  #fail(error: Error): void {
    if (this.#state === "open") {
      // What ws calls an error of the protocol bears such a code; it has closed the connection already.
      const broken = String((error as NodeJS.ErrnoException).code).startsWith("WS_ERR_");
      if (broken) this.#log("warn", `closed the connection from ${this.peer}: ${error.message}`);
      this.#reason = broken ? violation(this.peer, error) : lost(this.peer, error.message, error);
    }
  }

  #ended(code: number, reason: string): void {
    if (this.#state === "closed") return;
    const ours = this.#state === "closing";
    this.#state = "closed";
    this.#timer?.cancel();
    if (this.#reason === undefined && !ours && code !== Code.NORMAL)
      this.#reason = lost(this.peer, reason === "" ? "it ended without a word" : reason);
    this.onClose?.(this.#reason);
  }
}

const lost = (peer: string, why: string, cause?: unknown): MillraceError =>
  new MillraceError("CONNECTION_LOST", `the connection to ${peer} is lost: ${why}`, {
    retryable: true,
    cause,
  });

const violation = (peer: string, cause: unknown): MillraceError =>
  new MillraceError(
    "PROTOCOL_VIOLATION",
    `${peer} sent what it must not: ${cause instanceof Error ? cause.message : String(cause)}`,
    { cause },
  );

function shorten(reason: string): string {
  const bytes = Buffer.from(reason, "utf8");
  if (bytes.length <= MAX_REASON_BYTES) return reason;
  // A cut character becomes a replacement character of up to three bytes.
  return bytes.subarray(0, MAX_REASON_BYTES - 3).toString("utf8");
}
