import { MAX_WATERMARK, MIN_WATERMARK } from "../../common/time/timestamps.ts";
import type { Timestamp } from "../../common/time/timestamps.ts";

/**
 * Combines the watermarks of a task's channels: the minimum over the active ones, never going back. A channel that is idle does
 * not hold the others back; one that comes back with an older watermark counts again only when it has caught up. When all are idle,
 * the stream is idle, and time goes on to the largest watermark that any of them had.
 */
export class WatermarkValve {
  readonly #watermarks: Float64Array;
  readonly #idle: Uint8Array;
  /** Channels that count: active, and not behind the combined watermark after an idle time. */
  readonly #aligned: Uint8Array;
  #combined: Timestamp = MIN_WATERMARK;
  #allIdle = false;

  constructor(channels: number) {
    this.#watermarks = new Float64Array(channels).fill(MIN_WATERMARK);
    this.#idle = new Uint8Array(channels);
    this.#aligned = new Uint8Array(channels).fill(1);
  }

  /** The combined watermark. */
  get watermark(): Timestamp {
    return this.#combined;
  }

  /** Whether all channels are idle. */
  get idle(): boolean {
    return this.#allIdle;
  }

  /** A channel's watermark. True when the combined one has advanced. */
  advance(channel: number, watermark: Timestamp): boolean {
    if (watermark <= (this.#watermarks[channel] as number) || this.#idle[channel] === 1) return false;
    this.#watermarks[channel] = watermark;
    if (this.#aligned[channel] === 0 && watermark >= this.#combined) this.#aligned[channel] = 1;
    return this.#recombine();
  }

  /** A channel became idle or active. True when the combined watermark has advanced; look at `idle`, too. */
  setIdle(channel: number, idle: boolean): boolean {
    if ((this.#idle[channel] === 1) === idle) return false;
    this.#idle[channel] = idle ? 1 : 0;
    if (!idle) {
      this.#aligned[channel] = (this.#watermarks[channel] as number) >= this.#combined ? 1 : 0;
      this.#allIdle = false;
      return false;
    }
    this.#aligned[channel] = 0;
    this.#allIdle = this.#idle.every((flag) => flag === 1);
    if (this.#allIdle) return this.#raise(this.#watermarks.reduce((a, b) => Math.max(a, b), MIN_WATERMARK));
    return this.#recombine();
  }

  /** A channel has ended: it holds nobody back any more. True when the combined watermark has advanced. */
  end(channel: number): boolean {
    if (this.#idle[channel] === 1) this.setIdle(channel, false);
    return this.advance(channel, MAX_WATERMARK);
  }

  #recombine(): boolean {
    let minimum = MAX_WATERMARK;
    let any = false;
    for (let i = 0; i < this.#watermarks.length; i++) {
      if (this.#aligned[i] === 0) continue;
      any = true;
      const watermark = this.#watermarks[i] as number;
      if (watermark < minimum) minimum = watermark;
    }
    return any && this.#raise(minimum);
  }

  #raise(watermark: Timestamp): boolean {
    if (watermark <= this.#combined) return false;
    this.#combined = watermark;
    return true;
  }
}
