import { MAX_WATERMARK, MIN_WATERMARK } from "../../common/time/timestamps.ts";
import type { Timestamp } from "../../common/time/timestamps.ts";

/**
 * Combines the watermarks of a task's channels: the minimum over those that count, never going back.
 *
 * A channel counts while it is active and not behind the combined watermark. So an idle channel does not hold the others back; one
 * that comes back with an older watermark counts again when it has caught up. When all are idle the stream is idle, and time goes
 * on to the largest watermark that any of them had, in whatever order they became idle.
 */
export class WatermarkValve {
  readonly #watermarks: Float64Array;
  readonly #idle: Uint8Array;
  #active: number;
  #combined: Timestamp = MIN_WATERMARK;

  constructor(channels: number) {
    this.#watermarks = new Float64Array(channels).fill(MIN_WATERMARK);
    this.#idle = new Uint8Array(channels);
    this.#active = channels;
  }

  /** The combined watermark. */
  get watermark(): Timestamp {
    return this.#combined;
  }

  /** Whether all channels are idle. */
  get idle(): boolean {
    return this.#active === 0 && this.#idle.length > 0;
  }

  /** A channel's watermark; one that goes back, or comes from an idle channel, is ignored. True when the combined one has advanced. */
  advance(channel: number, watermark: Timestamp): boolean {
    const before = this.#watermarks[channel] as number;
    if (watermark <= before || this.#idle[channel] === 1) return false;
    this.#watermarks[channel] = watermark;
    // Some other channel that counts is at the combined watermark, and holds it.
    if (before > this.#combined) return false;
    return this.#recombine();
  }

  /** A channel became idle or active. True when the combined watermark has advanced; look at `idle`, too. */
  setIdle(channel: number, idle: boolean): boolean {
    if ((this.#idle[channel] === 1) === idle) return false;
    this.#idle[channel] = idle ? 1 : 0;
    this.#active += idle ? -1 : 1;
    return this.#recombine();
  }

  /**
   * A channel has come to the end of its data, all of which was sent: it holds nobody back any more, and counts as active. True
   * when the combined watermark has advanced.
   */
  end(channel: number): boolean {
    const raised = this.setIdle(channel, false);
    return this.advance(channel, MAX_WATERMARK) || raised;
  }

  #recombine(): boolean {
    let combined = Infinity;
    let largest = MIN_WATERMARK;
    let counting = false;
    for (let i = 0; i < this.#watermarks.length; i++) {
      const watermark = this.#watermarks[i] as number;
      if (watermark > largest) largest = watermark;
      if (this.#idle[i] === 1 || watermark < this.#combined) continue;
      counting = true;
      if (watermark < combined) combined = watermark;
    }
    if (this.#active === 0) combined = largest;
    else if (!counting) return false;
    if (combined <= this.#combined) return false;
    this.#combined = combined;
    return true;
  }
}
