import { connect, type Socket } from "node:net";
import type { Clock, ClockTimer } from "../../common/clock/clock.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import type { ByteStream, StreamPiece } from "../stdin/byte-stream.ts";
import { pauseBefore, type ReconnectPolicy } from "./reconnect-policy.ts";

/** Where a socket leads. */
export interface SocketAddress {
  readonly host: string;
  readonly port: number;
}

/** What the system's error codes mean. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "the connection was refused: does something listen there?",
  ECONNRESET: "the other side broke the connection",
  ENOTFOUND: "there is no such host",
  EAI_AGAIN: "the host's name could not be looked up for now",
  ETIMEDOUT: "no answer came in time",
  EHOSTUNREACH: "the host can't be reached",
  ENETUNREACH: "the network can't be reached",
};

/**
 * The bytes that a TCP server sends. Read on demand, so that a slow job slows the server down. When the connection fails or
 * ends, it is made again where a policy says so; else its end is the end of the input, and its failure an error.
 */
export class SocketStream implements ByteStream {
  readonly #address: SocketAddress;
  readonly #policy: ReconnectPolicy | undefined;
  readonly #clock: Clock;
  #socket: Socket | undefined;
  #ended = false;
  #error: Error | undefined;
  #failures = 0;
  #closed = false;
  #timer: ClockTimer | undefined;
  #onChange: (() => void) | undefined;

  constructor(address: SocketAddress, policy: ReconnectPolicy | undefined, clock: Clock) {
    this.#address = address;
    this.#policy = policy;
    this.#clock = clock;
  }

  async read(): Promise<StreamPiece> {
    for (;;) {
      if (this.#closed) return { kind: "end" };
      const socket = (this.#socket ??= this.#connect());
      const bytes = socket.read() as Buffer | null;
      if (bytes !== null) {
        this.#failures = 0;
        return { kind: "bytes", bytes };
      }
      if (!this.#ended && this.#error === undefined) {
        await this.#change();
        continue;
      }
      if (this.#policy === undefined) {
        if (this.#error !== undefined) throw this.#failure(this.#error);
        return { kind: "end" };
      }
      await this.#pause(this.#policy);
      return { kind: "anew" };
    }
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#socket?.destroy();
    this.#onChange?.();
  }

  #connect(): Socket {
    this.#ended = false;
    this.#error = undefined;
    const socket = connect(this.#address.port, this.#address.host);
    const changed = (): void => this.#onChange?.();
    socket.on("readable", changed);
    socket.on("end", () => {
      this.#ended = true;
      changed();
    });
    socket.on("error", (error) => {
      this.#error = error;
      changed();
    });
    return socket;
  }

  /** Waits before the next try, and throws when there were too many. */
  async #pause(policy: ReconnectPolicy): Promise<void> {
    this.#socket?.destroy();
    this.#socket = undefined;
    if (this.#failures >= policy.attempts) throw this.#failure(this.#error);
    const delay = pauseBefore(this.#failures++, policy);
    await new Promise<void>((resolve) => {
      this.#onChange = resolve;
      this.#timer = this.#clock.schedule(delay, resolve);
    });
  }

  async #change(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#onChange = resolve;
    });
  }

  #failure(error: NodeJS.ErrnoException | undefined): MillraceError {
    const { host, port } = this.#address;
    const code = error?.code ?? "";
    const reason =
      error === undefined
        ? "the other side ended the connection"
        : `${REASONS[code] ?? error.message}${code === "" ? "" : ` (${code})`}`;
    const tries = this.#failures === 0 ? "" : ` after ${this.#failures} tries`;
    return new MillraceError(
      "SOURCE_FAILED",
      `socket source: can't read ${host}:${port}${tries}: ${reason}`,
      {
        cause: error,
        details: { host, port },
        help: "Start what should send there, or let the source wait for it by the option reconnect.",
      },
    );
  }
}
