import type { Clock } from "../../common/clock/clock.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import type {
  JobManagerConnection,
  ResourceConnection,
  TaskManagerConnection,
} from "../../protocol/cluster/connection.ts";
import { decodeConnectionFrame, encodeResourceFrame, encodeSlotFrame } from "./connection-frames.ts";

/** Both ends of a connection within this thread. */
export interface ConnectionPair {
  /** The JobManager's end. */
  readonly taskManager: TaskManagerConnection;
  /** The TaskManager's end. */
  readonly jobManager: JobManagerConnection;
  /** Breaks the connection as the network would. */
  cut(): void;
}

/** A connection in memory, for tests: messages go through their codec, and arrive in a later turn. */
export function memoryConnections(clock: Clock): ConnectionPair {
  const a = new MemoryConnection(clock, "memory:1");
  const b = new MemoryConnection(clock, "memory:2");
  a.other = b;
  b.other = a;
  return {
    taskManager: a as TaskManagerConnection,
    jobManager: b as JobManagerConnection,
    cut() {
      const error = new MillraceError("CONNECTION_LOST", "the connection was cut", { retryable: true });
      a.end(error);
      b.end(error);
    },
  };
}

class MemoryConnection implements ResourceConnection<object, never> {
  readonly peer: string;
  onMessage: ((message: never) => void) | undefined;
  onSlotMessage: ((allocation: number, bytes: Uint8Array) => void) | undefined;
  onClose: ((error: Error | undefined) => void) | undefined;
  other: MemoryConnection | undefined;
  readonly #clock: Clock;
  #open = true;
  /** Has told of its end. */
  #ended = false;

  constructor(clock: Clock, peer: string) {
    this.#clock = clock;
    this.peer = peer;
  }

  send(message: object): void {
    if (this.#open) this.#deliver(encodeResourceFrame(message));
  }

  sendToSlot(allocation: number, bytes: Uint8Array): void {
    if (this.#open) this.#deliver(encodeSlotFrame(allocation, bytes));
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    const { other } = this;
    this.#clock.yield(() => {
      this.end(undefined);
      other?.end(undefined);
    });
  }

  end(error: Error | undefined): void {
    this.#open = false;
    if (this.#ended) return;
    this.#ended = true;
    this.onClose?.(error);
  }

  #deliver(frame: Uint8Array): void {
    const { other } = this;
    this.#clock.yield(() => other?.receive(frame));
  }

  receive(bytes: Uint8Array): void {
    if (!this.#open) return;
    try {
      const frame = decodeConnectionFrame<never>(bytes);
      if (frame.kind === "resource") this.onMessage?.(frame.message);
      else this.onSlotMessage?.(frame.allocation, frame.bytes);
    } catch (cause) {
      const error = new MillraceError("PROTOCOL_VIOLATION", `${this.peer} sent what it must not`, { cause });
      const { other } = this;
      this.end(error);
      other?.end(new MillraceError("CONNECTION_LOST", "the other side has closed the connection"));
    }
  }
}
