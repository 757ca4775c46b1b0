/** Int32 words of each slot at the start of the shared words: two cache lines, so that slots don't disturb each other. */
export const SLOT_WORDS = 32;

/** Whether the slot sleeps; see `SlotState`. */
const STATE = 0;
/** What the slot should look at besides its index rings; see `Signal`. */
const SIGNAL = 16;
/** 1 when the slot's thread is gone. */
const CLOSED = 17;

/**
 * A sleeper says ASLEEP, looks at everything once more, and sleeps. Who puts something before it afterwards turns ASLEEP into RUNG
 * and rings the bell, once. Back to AWAKE is the sleeper's alone: were it for others, a bell could be lost.
 */
const SlotState = { AWAKE: 0, ASLEEP: 1, RUNG: 2 } as const;

/** Bits of the signal word. */
export const Signal = {
  /** A writer that waits has what it waits for. */
  CREDIT: 1,
  /** An end of a channel, or a whole slot, has closed. */
  CLOSED: 2,
  /** A barrier overtakes in some channel to the slot. */
  BARRIER: 4,
} as const;

/** Rings the bell of a slot: makes its thread call `wokeUp` and `poll` on its network. Callable from any thread's own copy. */
export type Bell = (slot: number) => void;

/** The sleep protocol between slots, over their shared words. */
export class SlotWords {
  readonly #words: Int32Array;
  readonly #bell: Bell;

  constructor(words: SharedArrayBuffer, bell: Bell) {
    this.#words = new Int32Array(words);
    this.#bell = bell;
  }

  /** Call after something was put where `slot` finds it when it polls. */
  wake(slot: number): void {
    const at = slot * SLOT_WORDS + STATE;
    if (Atomics.load(this.#words, at) !== SlotState.ASLEEP) return;
    if (Atomics.compareExchange(this.#words, at, SlotState.ASLEEP, SlotState.RUNG) !== SlotState.ASLEEP)
      return;
    this.#bell(slot);
  }

  /** Sets bits of the slot's signal word, and wakes it. */
  signal(slot: number, bits: number): void {
    Atomics.or(this.#words, slot * SLOT_WORDS + SIGNAL, bits);
    this.wake(slot);
  }

  /** Takes the bits that were set. Look at rings and counters afterwards, never before. */
  takeSignal(slot: number): number {
    const at = slot * SLOT_WORDS + SIGNAL;
    return Atomics.load(this.#words, at) === 0 ? 0 : Atomics.exchange(this.#words, at, 0);
  }

  /** Takes some bits only: those of `bits` that were set. */
  takeBits(slot: number, bits: number): number {
    const at = slot * SLOT_WORDS + SIGNAL;
    return (Atomics.load(this.#words, at) & bits) === 0 ? 0 : Atomics.and(this.#words, at, ~bits) & bits;
  }

  hasSignal(slot: number): boolean {
    return Atomics.load(this.#words, slot * SLOT_WORDS + SIGNAL) !== 0;
  }

  /** For the sleeper: look at everything once more after this. */
  fallAsleep(slot: number): void {
    Atomics.store(this.#words, slot * SLOT_WORDS + STATE, SlotState.ASLEEP);
  }

  /** For the sleeper. */
  getUp(slot: number): void {
    Atomics.store(this.#words, slot * SLOT_WORDS + STATE, SlotState.AWAKE);
  }

  isClosed(slot: number): boolean {
    return Atomics.load(this.#words, slot * SLOT_WORDS + CLOSED) === 1;
  }

  /**
   * Marks a slot whose thread is gone, and tells the others. Rings all bells: the thread may have ended between turning a sleeper
   * to RUNG and ringing.
   */
  markClosed(slot: number, slots: number): void {
    Atomics.store(this.#words, slot * SLOT_WORDS + CLOSED, 1);
    for (let other = 0; other < slots; other++) {
      if (other === slot) continue;
      Atomics.or(this.#words, other * SLOT_WORDS + SIGNAL, Signal.CLOSED);
      this.#bell(other);
    }
  }
}
