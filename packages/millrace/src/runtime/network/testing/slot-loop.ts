import type { SlotNetwork } from "../slot-network.ts";

/**
 * A slot's loop, cut down to what tests and benchmarks of the exchange need: works in slices while there is work, gives the event loop
 * a turn in between, sleeps otherwise.
 */
export class SlotLoop {
  readonly #network: SlotNetwork;
  readonly #work: () => boolean;
  #awake = true;
  /** Something happened during the turn. */
  #again = false;
  #ended = false;

  /** @param work one slice; whether there is more to do at once */
  constructor(network: SlotNetwork, work: () => boolean) {
    this.#network = network;
    this.#work = work;
    setImmediate(() => this.#turn());
  }

  /** Something happened on this thread, perhaps within the slice: there is another one. */
  wake(): void {
    if (this.#ended) return;
    this.#again = true;
    if (this.#awake) return;
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
    this.#again = false;
    this.#network.poll();
    if (this.#work() || this.#again) {
      setImmediate(() => this.#turn());
    } else if (this.#network.prepareToSleep()) {
      this.#awake = false;
    } else {
      setImmediate(() => this.#turn());
    }
  }
}
