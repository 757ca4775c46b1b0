import type { Barrier } from "../../../protocol/channel-event.ts";
import { decodeChannelEvent, encodeChannelEvent } from "../../../protocol/channel-event-codec.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { RingChannel } from "./ring-descriptor.ts";

/*
 * Where a producer tells of a barrier that overtakes: the last 12 of the producer's words of a channel. There is room for one, because a
 * newer one is sent only when the older has been given up. The version is odd while the rest is being written; whoever finds it
 * odd, or changed after reading, leaves it: the writer signals when it is done.
 */
const VERSION = 20;
const SEQUENCE = 21;
const IN_LINE = 22;
const ATTEMPT = 23;
/** The event, as its frame would carry it: 32 bytes. */
const EVENT = 24;
const EVENT_WORDS = 8;

/** A barrier that overtakes, as its channel's words tell of it. */
export interface Overtaking {
  readonly barrier: Barrier;
  /** The sequence number of the first frame behind the barrier. */
  readonly sequence: number;
  /** The barrier has a frame of its own, which was sent before. */
  readonly inLine: boolean;
}

/** Writes it, for the producer; signalling is the caller's. */
export function announceBarrier(
  words: Int32Array,
  channel: RingChannel,
  attempt: number,
  { barrier, sequence, inLine }: Overtaking,
): void {
  const bytes = encodeChannelEvent(barrier);
  if (bytes.length !== EVENT_WORDS * 4)
    throw new MillraceError("INTERNAL", "a barrier that overtakes can't carry a location");
  const event = new Int32Array(bytes.buffer);
  const at = channel.word;
  Atomics.add(words, at + VERSION, 1);
  Atomics.store(words, at + SEQUENCE, sequence | 0);
  Atomics.store(words, at + IN_LINE, inLine ? 1 : 0);
  Atomics.store(words, at + ATTEMPT, attempt | 0);
  event.forEach((word, i) => Atomics.store(words, at + EVENT + i, word));
  Atomics.add(words, at + VERSION, 1);
}

/** Reads a channel's announcements, for the consumer. */
export class BarrierWords {
  readonly #words: Int32Array;
  readonly #at: number;
  readonly #attempt: number;
  #version = 0;

  constructor(words: Int32Array, channel: RingChannel, attempt: number) {
    this.#words = words;
    this.#at = channel.word;
    this.#attempt = attempt | 0;
  }

  /** What was announced since the last call, if anything. Throws PROTOCOL_VIOLATION for what isn't a barrier. */
  take(): Overtaking | undefined {
    const words = this.#words;
    const at = this.#at;
    const version = Atomics.load(words, at + VERSION);
    if (version === this.#version || (version & 1) === 1) return undefined;
    const sequence = Atomics.load(words, at + SEQUENCE) >>> 0;
    const inLine = Atomics.load(words, at + IN_LINE) === 1;
    const attempt = Atomics.load(words, at + ATTEMPT);
    const event = Int32Array.from({ length: EVENT_WORDS }, (_, i) => Atomics.load(words, at + EVENT + i));
    if (Atomics.load(words, at + VERSION) !== version) return undefined;
    this.#version = version;
    if (attempt !== this.#attempt) return undefined;
    const barrier = decodeChannelEvent(new Uint8Array(event.buffer));
    if (barrier.kind === "barrier") return { barrier, sequence, inLine };
    throw new MillraceError("PROTOCOL_VIOLATION", `expected a barrier that overtakes, got ${barrier.kind}`);
  }
}
