/**
 * The network of one slot, driven by the slot's scheduler: takes frames and credits that other slots put into shared memory.
 *
 * Duties of the scheduler: `poll()` often (each round, about once a ms while busy); before it sleeps `prepareToSleep()`, and if
 * that is true, sleep until a bell, a timer or a message; after waking `wokeUp()`.
 * Duties of the network: whoever puts something into shared memory for a slot that sleeps rings its bell; no wake-up is lost;
 * only the sleeper clears its flag.
 */
export interface SlotNetwork {
  /** Dispatches what arrived to channels and writers, whose listeners wake their tasks. Whether anything arrived. */
  poll(): boolean;
  /** Announces sleep; false when something arrived meanwhile and there is no sleep to be had. */
  prepareToSleep(): boolean;
  wokeUp(): void;
  close(): void;
}
