import type { Clock } from "../../common/clock/clock.ts";
import type { SlotNetwork } from "../network/slot-network.ts";
import type { Task } from "./task.ts";

/** ms that a slot works before it gives the event loop a turn. */
const SLICE = 1;

/**
 * Runs the tasks of one slot in turn, on its thread: those that have something to do, a slice each, with a turn of the event loop
 * about every ms. Sleeps when nobody has anything to do, until a bell, a timer or a message wakes it.
 */
export class SlotScheduler {
  readonly #clock: Clock;
  readonly #network: SlotNetwork;
  readonly #ready: Task[] = [];
  readonly #isReady = new Set<Task>();
  #scheduled = false;
  #sleeping = true;
  #running = false;
  #closed = false;

  constructor(clock: Clock, network: SlotNetwork) {
    this.#clock = clock;
    this.#network = network;
  }

  /** The task has something to do. */
  wake(task: Task): void {
    if (this.#isReady.has(task)) return;
    this.#isReady.add(task);
    this.#ready.push(task);
    this.#schedule();
  }

  /** Somebody put something into shared memory for this slot while it slept: looks at once. */
  bell(): void {
    if (this.#closed || this.#running) return;
    if (this.#sleeping) this.#round();
  }

  /** Whether no task has anything to do at the moment. */
  get quiet(): boolean {
    return this.#closed || (this.#ready.length === 0 && !this.#scheduled && !this.#running);
  }

  close(): void {
    this.#closed = true;
    this.#network.close();
  }

  #schedule(): void {
    if (this.#scheduled || this.#running || this.#closed) return;
    this.#scheduled = true;
    this.#clock.yield(() => {
      this.#scheduled = false;
      this.#round();
    });
  }

  #round(): void {
    if (this.#closed) return;
    this.#running = true;
    if (this.#sleeping) {
      this.#sleeping = false;
      this.#network.wokeUp();
    }
    this.#network.poll();
    const deadline = this.#clock.monotonic() + SLICE;
    do {
      this.#turn(deadline);
      this.#network.poll();
    } while (this.#ready.length > 0 && !this.#closed && this.#clock.monotonic() < deadline);
    this.#running = false;
    if (this.#closed) return;
    if (this.#ready.length > 0) this.#schedule();
    else if (this.#network.prepareToSleep()) this.#sleeping = true;
    else this.#schedule();
  }

  /** A slice for each task that was ready at the start of the turn. */
  #turn(deadline: number): void {
    for (let left = this.#ready.length; left > 0 && !this.#closed; left--) {
      const task = this.#ready.shift() as Task;
      this.#isReady.delete(task);
      if (task.runSlice(deadline)) this.wake(task);
    }
  }
}
