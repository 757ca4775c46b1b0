import { MAX_WATERMARK, MIN_WATERMARK } from "../../common/time/timestamps.ts";
import type { Timestamp } from "../../common/time/timestamps.ts";

/**
 * Combines the watermarks of a task's channels: the minimum over those that count, never going back.
 *
 * A channel counts while it is active and not behind the combined watermark. So an idle channel does not hold the others back; one
 * that comes back with an older watermark counts again when it has caught up. When all are idle the stream is idle, and time goes
 * on to the largest watermark that any of them had, in whatever order they became idle.
 *
 * A channel that has come to the end of time (the largest watermark) counts no more; the combined watermark comes to it when all
 * have. So one that has ended beside an idle one does not make late what the idle one still sends.
 */
export class WatermarkValve {
  /** The last before the end of time. */
  readonly #watermarks: Float64Array;
  readonly #idle: Uint8Array;
  /** Channels at the end of time. */
  readonly #done: Uint8Array;
  /** Channels without further data. */
  readonly #ended: Uint8Array;
  /** Channels that haven't ended, and those of them that aren't idle. */
  #open: number;
  #active: number;
  #combined: Timestamp = MIN_WATERMARK;

  constructor(channels: number) {
    this.#watermarks = new Float64Array(channels).fill(MIN_WATERMARK);
    this.#idle = new Uint8Array(channels);
    this.#done = new Uint8Array(channels);
    this.#ended = new Uint8Array(channels);
    this.#open = channels;
    this.#active = channels;
  }

  /** The combined watermark. */
  get watermark(): Timestamp {
    return this.#combined;
  }

  /** Whether all channels that haven't ended are idle, and there are any. */
  get idle(): boolean {
    return this.#active === 0 && this.#open > 0;
  }

  /** A channel's watermark; one that goes back, or comes from an idle channel, is ignored. True when the combined one has advanced. */
  advance(channel: number, watermark: Timestamp): boolean {
    const before = this.#watermarks[channel] as number;
    if (watermark <= before || this.#idle[channel] === 1 || this.#done[channel] === 1) return false;
    if (watermark === MAX_WATERMARK) {
      this.#done[channel] = 1;
      return this.#recombine();
    }
    this.#watermarks[channel] = watermark;
    // Some other channel that counts is at the combined watermark, and holds it.
    if (before > this.#combined) return false;
    return this.#recombine();
  }

  /** A channel became idle or active. True when the combined watermark has advanced; look at `idle`, too. */
  setIdle(channel: number, idle: boolean): boolean {
    if ((this.#idle[channel] === 1) === idle || this.#ended[channel] === 1) return false;
    this.#idle[channel] = idle ? 1 : 0;
    this.#active += idle ? -1 : 1;
    return this.#recombine();
  }

  /**
   * A channel has come to the end of its data, all of which was sent: it holds nobody back any more. True when the combined
   * watermark has advanced; look at `idle`, too.
   */
  end(channel: number): boolean {
    if (this.#ended[channel] === 1) return false;
    if (this.#idle[channel] === 0) this.#active--;
    this.#open--;
    this.#idle[channel] = 0;
    this.#done[channel] = 1;
    this.#ended[channel] = 1;
    return this.#recombine();
  }

  #recombine(): boolean {
    let combined = Infinity;
    let largest = MIN_WATERMARK;
    let counting = false;
    let done = true;
    for (let i = 0; i < this.#watermarks.length; i++) {
      const watermark = this.#watermarks[i] as number;
      if (watermark > largest) largest = watermark;
      if (this.#done[i] === 1) continue;
      done = false;
      if (this.#idle[i] === 1 || watermark < this.#combined) continue;
      counting = true;
      if (watermark < combined) combined = watermark;
    }
    if (done) combined = MAX_WATERMARK;
    else if (this.idle) combined = largest;
    else if (!counting) return false;
    if (combined <= this.#combined) return false;
    this.#combined = combined;
    return true;
  }
}
