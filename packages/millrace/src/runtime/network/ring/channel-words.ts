import { BarrierWords, announceBarrier } from "./barrier-words.ts";
import type { Overtaking } from "./barrier-words.ts";
import { Signal } from "./slot-words.ts";
import type { SlotWords } from "./slot-words.ts";
import type { RingChannel } from "./ring-descriptor.ts";

/** Int32 words of each channel: two cache lines, one that the consumer writes and one that the producer writes. */
export const CHANNEL_WORDS = 32;

// The consumer's: frames and events given back so far, modulo 2^32, and whether it is closed (see `End`).
const DATA_FREED = 0;
const EVENTS_FREED = 1;
const READER_CLOSED = 2;
// The producer's: whether it waits (see `Armed`), for which counts, and whether it is closed; then what `barrier-words.ts` tells.
const ARMED = 16;
const DATA_TARGET = 17;
const EVENT_TARGET = 18;
const WRITER_CLOSED = 19;

/** What an end's closed word says. */
const End = { OPEN: 0, CLOSED: 1, LOST: 2 } as const;
/** What a producer asks for. */
const Armed = { NO: 0, TARGETS: 1, ANY: 2 } as const;

/** A channel's shared counters, as its producer uses them. */
export class ProducerWords {
  readonly #words: Int32Array;
  readonly #channel: RingChannel;
  readonly #at: number;
  readonly #consumerSlot: number;
  readonly #slots: SlotWords;

  constructor(words: SharedArrayBuffer, channel: RingChannel, slots: SlotWords) {
    this.#words = new Int32Array(words);
    this.#channel = channel;
    this.#at = channel.word;
    this.#consumerSlot = channel.consumerSlot;
    this.#slots = slots;
  }

  dataFreed(): number {
    return Atomics.load(this.#words, this.#at + DATA_FREED);
  }

  eventsFreed(): number {
    return Atomics.load(this.#words, this.#at + EVENTS_FREED);
  }

  /**
   * Asks for a signal when both counts have reached their targets. Look at the counts once more afterwards: a consumer that has
   * got there before it saw the request says nothing.
   */
  arm(dataTarget: number, eventTarget: number): void {
    Atomics.store(this.#words, this.#at + ARMED, Armed.NO);
    Atomics.store(this.#words, this.#at + DATA_TARGET, dataTarget);
    Atomics.store(this.#words, this.#at + EVENT_TARGET, eventTarget);
    Atomics.store(this.#words, this.#at + ARMED, Armed.TARGETS);
  }

  /** Asks for a signal whenever anything is given back, from now on. */
  armForAny(): void {
    Atomics.store(this.#words, this.#at + ARMED, Armed.ANY);
  }

  disarm(): void {
    Atomics.store(this.#words, this.#at + ARMED, Armed.NO);
  }

  /** Tells the consumer of a barrier, before any frame that is announced afterwards. */
  overtake(overtaking: Overtaking, attempt: number): void {
    announceBarrier(this.#words, this.#channel, attempt, overtaking);
    this.#slots.signal(this.#consumerSlot, Signal.BARRIER);
  }

  /** @param lost whether it isn't the producer that is gone, but the connection to it; what was said first stays */
  close(lost = false): void {
    closeEnd(this.#words, this.#at + WRITER_CLOSED, lost);
    this.#slots.signal(this.#consumerSlot, Signal.CLOSED);
  }

  get readerClosed(): boolean {
    return (
      Atomics.load(this.#words, this.#at + READER_CLOSED) !== End.OPEN ||
      this.#slots.isClosed(this.#consumerSlot)
    );
  }

  /** Whether the connection to the consumer is gone. */
  get readerLost(): boolean {
    return Atomics.load(this.#words, this.#at + READER_CLOSED) === End.LOST;
  }
}

/** A channel's shared counters, as its consumer uses them. */
export class ConsumerWords {
  readonly #words: Int32Array;
  readonly #at: number;
  readonly #producerSlot: number;
  readonly #slots: SlotWords;
  readonly #barriers: BarrierWords;
  #data = 0;
  #events = 0;

  constructor(words: SharedArrayBuffer, channel: RingChannel, slots: SlotWords, attempt: number) {
    this.#words = new Int32Array(words);
    this.#barriers = new BarrierWords(this.#words, channel, attempt);
    this.#at = channel.word;
    this.#producerSlot = channel.producerSlot;
    this.#slots = slots;
  }

  /** Gives a frame slot back. */
  freeData(): void {
    this.#data = (this.#data + 1) | 0;
    Atomics.store(this.#words, this.#at + DATA_FREED, this.#data);
    this.#signal();
  }

  /** Gives an event slot back. */
  freeEvent(): void {
    this.#events = (this.#events + 1) | 0;
    Atomics.store(this.#words, this.#at + EVENTS_FREED, this.#events);
    this.#signal();
  }

  /** Gives several back at once. */
  free(data: number, events: number): void {
    this.#data = (this.#data + data) | 0;
    this.#events = (this.#events + events) | 0;
    if (data > 0) Atomics.store(this.#words, this.#at + DATA_FREED, this.#data);
    if (events > 0) Atomics.store(this.#words, this.#at + EVENTS_FREED, this.#events);
    this.#signal();
  }

  /** The newest barrier that overtakes, if it has not been taken. */
  takeOvertaking(): Overtaking | undefined {
    return this.#barriers.take();
  }

  /** @param lost whether it isn't the consumer that is gone, but the connection to it; what was said first stays */
  close(lost = false): void {
    closeEnd(this.#words, this.#at + READER_CLOSED, lost);
    this.#slots.signal(this.#producerSlot, Signal.CLOSED);
  }

  get writerClosed(): boolean {
    return (
      Atomics.load(this.#words, this.#at + WRITER_CLOSED) !== End.OPEN ||
      this.#slots.isClosed(this.#producerSlot)
    );
  }

  /** Whether the connection to the producer is gone. */
  get writerLost(): boolean {
    return Atomics.load(this.#words, this.#at + WRITER_CLOSED) === End.LOST;
  }

  #signal(): void {
    const armed = Atomics.load(this.#words, this.#at + ARMED);
    if (armed === Armed.NO) return;
    if (armed === Armed.ANY) {
      this.#slots.signal(this.#producerSlot, Signal.CREDIT);
      return;
    }
    if (((this.#data - Atomics.load(this.#words, this.#at + DATA_TARGET)) | 0) < 0) return;
    if (((this.#events - Atomics.load(this.#words, this.#at + EVENT_TARGET)) | 0) < 0) return;
    this.#slots.signal(this.#producerSlot, Signal.CREDIT);
  }
}

function closeEnd(words: Int32Array, at: number, lost: boolean): void {
  Atomics.compareExchange(words, at, End.OPEN, lost ? End.LOST : End.CLOSED);
}
