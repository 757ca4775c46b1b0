import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { Log } from "../../logging/log.ts";
import { WorkerSlot } from "../worker-slot.ts";

/** What makes threads for slots. */
export interface SpareThreadsOptions {
  /** Slots of the TaskManager. */
  readonly slots: number;
  /** Bytes. */
  readonly slotHeap: number | undefined;
  readonly log: Log;
  /** Starts a thread; default: as `WorkerSlot`. */
  readonly start?: (...of: ConstructorParameters<typeof WorkerSlot>) => WorkerSlot;
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

  /** So many will be taken soon. Those that the system refuses are asked for again when they are taken. */
  prepare(count: number): void {
    const { slots, log } = this.#options;
    const wanted = Math.min(count, slots);
    try {
      while (!this.#closed && this.#spare.length < wanted) this.#spare.push(this.#start());
    } catch (error) {
      log("warn", `threads for slots can't be prepared: ${(error as Error).message}`);
    }
  }

  /** Has as many ready as are likely to be taken next. @param free slots that no job has */
  refill(free: number): void {
    this.prepare(Math.min(free, ALWAYS_READY));
  }

  /** A thread, which may not be online yet. It belongs to the caller. @throws SLOT_LOST where the system has no thread for it */
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
    const { slotHeap, start = (...of) => new WorkerSlot(...of) } = this.#options;
    let thread: WorkerSlot;
    try {
      thread = start(name, undefined, { heap: slotHeap });
    } catch (error) {
      throw noThread(error as Error);
    }
    thread.onClose = (error) => {
      const at = this.#spare.indexOf(thread);
      if (at < 0) return;
      this.#spare.splice(at, 1);
      this.#options.log("warn", `${name} ended before it had anything to do`, error);
    };
    return thread;
  }
}

/** The system bounds how many threads a user's processes, or a container, may have. */
const noThread = (cause: Error): MillraceError =>
  new MillraceError("SLOT_LOST", `the system has no thread for a slot: ${cause.message}`, {
    cause,
    retryable: true,
    help: "Raise the limit of processes and threads (ulimit -u, or pids.max of the container), or lower taskmanager.numberOfTaskSlots: each slot takes a thread, and a process some ten of its own.",
  });
