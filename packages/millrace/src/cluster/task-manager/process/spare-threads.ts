import type { Log } from "../../logging/log.ts";
import { WorkerSlot } from "../worker-slot.ts";

/** What makes threads for slots. */
export interface SpareThreadsOptions {
  /** Slots of the TaskManager. */
  readonly slots: number;
  /** Bytes. */
  readonly slotHeap: number | undefined;
  readonly log: Log;
}

/** Threads that are ready without having been asked for. A thread takes some 10 MB. */
const ALWAYS_READY = 4;

/**
 * Threads of slots, started before they are needed: they take some 50 ms to load the runtime, which a job that restarts would wait for.
 * A thread serves one attempt of one job and is never used again.
 */
export class SpareThreads {
  readonly #options: SpareThreadsOptions;
  readonly #spare: WorkerSlot[] = [];
  #named = 0;
  #closed = false;

  constructor(options: SpareThreadsOptions) {
    this.#options = options;
  }

  /** So many will be taken soon. */
  prepare(count: number): void {
    const wanted = Math.min(count, this.#options.slots);
    while (!this.#closed && this.#spare.length < wanted) this.#spare.push(this.#start());
  }

  /** Has as many ready as are likely to be taken next. @param free slots that no job has */
  refill(free: number): void {
    this.prepare(Math.min(free, ALWAYS_READY));
  }

  /** A thread, which may not be online yet. It belongs to the caller. */
  take(): WorkerSlot {
    return this.#spare.shift() ?? this.#start();
  }

  /** Settles when all have ended. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#spare.splice(0).map((thread) => thread.close()));
  }

  #start(): WorkerSlot {
    const name = `millrace-slot-${this.#named++}`;
    const thread = new WorkerSlot(name, undefined, { heap: this.#options.slotHeap });
    thread.onClose = (error) => {
      const at = this.#spare.indexOf(thread);
      if (at < 0) return;
      this.#spare.splice(at, 1);
      this.#options.log("warn", `${name} ended before it had anything to do`, error);
    };
    return thread;
  }
}
