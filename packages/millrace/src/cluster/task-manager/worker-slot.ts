import { MessageChannel, Worker } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import type { SlotConnection } from "../../protocol/control/control-transport.ts";
import type { FromSlot, ToSlot } from "../../protocol/control/messages.ts";
import type { LocalFolders } from "../../runtime/checkpoint/local/local-copies.ts";
import { OutputCredit } from "./output-credit.ts";
import { heapLimits } from "./heap-limits.ts";
import { threadExit } from "./thread-end.ts";
import { workerEnvironment } from "./worker-environment.ts";
import type { FromWorker, RemoteSlot, ToWorker } from "./worker-protocol.ts";

/** How a slot's thread is started. */
export interface WorkerSlotOptions {
  /** Bytes of its heap, at most. Default: Node's own limit. */
  readonly heap?: number | undefined;
}

/** A slot in a worker thread of this process, seen from the main thread. */
export class WorkerSlot implements SlotConnection {
  /** Settles when the thread has loaded the runtime. */
  readonly online: Promise<void>;
  onMessage: ((message: FromSlot) => void) | undefined;
  /** Of a slot whose JobMaster is in another process: what it sends. The receiver owns the bytes. */
  onBytes: ((bytes: Uint8Array) => void) | undefined;
  /** Likewise: what it prints. */
  onOutput: ((bytes: Uint8Array) => void) | undefined;
  onClose: ((error: Error | undefined) => void) | undefined;
  /** Settles when the thread has ended, for whatever reason. */
  readonly gone: Promise<void>;
  readonly #name: string;
  readonly #worker: Worker;
  readonly #credit = new OutputCredit();
  /** Bytes that it has printed as a remote slot. */
  #printed = 0;
  #closed = false;
  #ended = false;
  #error: Error | undefined;

  /** @param entry the module that its thread runs */
  constructor(name: string, entry: URL = slotWorker(), { heap }: WorkerSlotOptions = {}) {
    this.#name = name;
    this.#worker = new Worker(entry, {
      name,
      env: workerEnvironment(),
      workerData: { output: this.#credit.buffer },
      ...(heap === undefined ? {} : { resourceLimits: heapLimits(heap) }),
    });
    this.#worker.on("error", (thrown) => (this.#error = thrown as Error));
    this.gone = new Promise((resolve) => {
      this.#worker.on("exit", (code) => {
        this.#ended = true;
        if (!this.#closed) this.#error ??= threadExit(code);
        resolve();
        if (!this.#closed) this.onClose?.(this.#error);
      });
    });
    this.online = new Promise((resolve, reject) => {
      this.#worker.on("message", (message: FromWorker) => {
        if (message.type === "bytes") return this.onBytes?.(message.bytes);
        if (message.type === "output") return this.#output(message.bytes);
        if (message.type === "online") resolve();
        this.onMessage?.(message);
        if (message.type === "stdout") this.#credit.taken(message.bytes.byteLength);
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

  /** Opens it for a JobMaster in another process: from now on its messages are bytes. Once, when it is online. */
  openRemote(slot: RemoteSlot): void {
    this.#post({ type: "remote", slot });
  }

  /** Where it may keep copies of state. Before it is deployed. */
  allowCopies(folders: LocalFolders): void {
    this.#post({ type: "localFolders", folders });
  }

  /** A message of that JobMaster. */
  sendBytes(bytes: Uint8Array): void {
    // A view of a larger buffer would take all of it along.
    const own = new Uint8Array(bytes);
    this.#worker.postMessage({ type: "bytes", bytes: own } satisfies ToWorker, [own.buffer]);
  }

  /** Gives the thread the line to a peer slot: any message rings. */
  connectBell(peer: number, line: MessagePort): void {
    this.#worker.postMessage({ type: "bell", slot: peer, port: line } satisfies ToWorker, [line]);
  }

  /** Its thread, for who looks at what it does. */
  get thread(): Pick<Worker, "startCpuProfile" | "getHeapStatistics"> {
    return this.#worker;
  }

  get name(): string {
    return this.#name;
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
    (slots[a] as WorkerSlot).connectBell(b, port1);
    (slots[b] as WorkerSlot).connectBell(a, port2);
  }

  #output(bytes: Uint8Array): void {
    this.onOutput?.(bytes);
    this.#credit.taken(bytes.byteLength);
    this.#printed += bytes.byteLength;
    this.#post({ type: "control", message: { type: "stdoutTaken", bytes: this.#printed } });
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
