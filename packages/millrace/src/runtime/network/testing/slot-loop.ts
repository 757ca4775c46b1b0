import type { SlotNetwork } from "../slot-network.ts";

/**
 * A slot's loop, cut down to what tests and benchmarks of the exchange need: works in slices while there is work, gives the event loop
 * a turn in between, sleeps otherwise.
 */
export class SlotLoop {
  readonly #network: SlotNetwork;
  readonly #work: () => boolean;
  #awake = true;
  #ended = false;

  /** @param work one slice; whether there is more to do at once */
  constructor(network: SlotNetwork, work: () => boolean) {
    this.#network = network;
    this.#work = work;
    setImmediate(() => this.#turn());
  }

  /** Something happened on this thread. */
  wake(): void {
    if (this.#awake || this.#ended) return;
    this.#awake = true;
    this.#network.wokeUp();
    this.#turn();
  }

  /** The bell rang. */
  readonly bell = (): void => this.wake();

  end(): void {
    this.#ended = true;
  }

  #turn(): void {
    if (this.#ended) return;
    this.#network.poll();
    if (this.#work()) {
      setImmediate(() => this.#turn());
    } else if (this.#network.prepareToSleep()) {
      this.#awake = false;
    } else {
      setImmediate(() => this.#turn());
    }
  }
}
