import module from "node:module";
import { dirname } from "node:path";
import { MessageChannel, Worker } from "node:worker_threads";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import type { SlotConnection } from "../../protocol/control/control-transport.ts";
import type { FromSlot, ToSlot } from "../../protocol/control/messages.ts";
import type { FromWorker, ToWorker } from "./worker-protocol.ts";

/** A slot in a worker thread of this process, seen from the main thread. */
export class WorkerSlot implements SlotConnection {
  /** Settles when the thread has loaded the runtime. */
  readonly online: Promise<void>;
  onMessage: ((message: FromSlot) => void) | undefined;
  onClose: ((error: Error | undefined) => void) | undefined;
  /** Settles when the thread has ended, for whatever reason. */
  readonly gone: Promise<void>;
  readonly #name: string;
  readonly #worker: Worker;
  #closed = false;
  #ended = false;
  #error: Error | undefined;

  /** @param entry the module that its thread runs */
  constructor(name: string, entry: URL = slotWorker()) {
    this.#name = name;
    this.#worker = new Worker(entry, { name, env: workerEnvironment() });
    this.#worker.on("error", (thrown) => (this.#error = thrown as Error));
    this.gone = new Promise((resolve) => {
      this.#worker.on("exit", () => {
        this.#ended = true;
        resolve();
        if (!this.#closed) this.onClose?.(this.#error);
      });
    });
    this.online = new Promise((resolve, reject) => {
      this.#worker.on("message", (message: FromWorker) => {
        if (message.type === "online") resolve();
        this.onMessage?.(message);
      });
      void this.gone.then(() => reject(this.#lost("before it was online")));
    });
    // Whoever waits for it sees the failure; nobody waiting must not end the process.
    this.online.catch(() => {});
  }

  /** Nobody heard of its end before `onClose` was set. @throws SLOT_LOST when it has ended */
  checkAlive(): void {
    if (this.#ended) throw this.#lost("before it was given to a job");
  }

  send(message: ToSlot): void {
    this.#post({ type: "control", message });
  }

  /** Makes the thread look into shared memory. */
  ring(): void {
    this.#post({ type: "ring" });
  }

  async close(): Promise<void> {
    if (this.#closed) return this.gone;
    this.#closed = true;
    this.#post({ type: "control", message: { type: "shutdown" } });
    await this.#worker.terminate();
  }

  /** Gives two slots of this process a line to ring each other's bell. */
  static connect(slots: readonly WorkerSlot[], a: number, b: number): void {
    const { port1, port2 } = new MessageChannel();
    (slots[a] as WorkerSlot).#worker.postMessage({ type: "bell", slot: b, port: port1 } satisfies ToWorker, [
      port1,
    ]);
    (slots[b] as WorkerSlot).#worker.postMessage({ type: "bell", slot: a, port: port2 } satisfies ToWorker, [
      port2,
    ]);
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #lost(when: string): MillraceError {
    const error = this.#error;
    const why = error !== undefined ? `: ${error.message}` : this.#closed ? ": it was closed" : "";
    return new MillraceError("SLOT_LOST", `${this.#name} ended ${when}${why}`, {
      cause: error,
      retryable: true,
    });
  }
}

function slotWorker(): URL {
  const fromSources = import.meta.url.endsWith(".ts");
  return new URL(fromSources ? "./slot-worker.ts" : "./slot-worker.js", import.meta.url);
}

/** Threads don't take over the compile cache of their process by themselves. */
function workerEnvironment(): NodeJS.ProcessEnv {
  const directory = module.getCompileCacheDir();
  // Node appends a folder of its version's to what it is given.
  return directory === undefined ? process.env : { ...process.env, NODE_COMPILE_CACHE: dirname(directory) };
}
