import type { Duration } from "../../../common/time/durations.ts";
import type { Timestamp } from "../../../common/time/timestamps.ts";
import type { WindowShape } from "../../../common/windows/window-assigner.ts";
import { timeWindow, windowStart, type TimeWindow } from "../../../common/windows/window.ts";

/**
 * Where aligned windows and their slices lie. Windows start at `offset` plus multiples of `slide`; tumbling ones slide by their
 * size.
 *
 * A *slice* is the longest span that no window divides: between two neighbouring starts or ends of windows. Where the slide
 * divides the size, there is one for each slide; elsewhere two, because windows end inside of a slide.
 */
export class WindowGeometry {
  readonly size: Duration;
  readonly slide: Duration;
  readonly offset: Duration;
  /** Where in a slide windows end: 0 when they end where others start. */
  readonly #remainder: Duration;

  constructor(size: Duration, slide: Duration, offset: Duration) {
    this.size = size;
    this.slide = slide;
    this.offset = offset;
    this.#remainder = size % slide;
  }

  /** The geometry of a shape. */
  static of(shape: WindowShape & { readonly kind: "tumbling" | "sliding" }): WindowGeometry {
    return new WindowGeometry(shape.size, shape.kind === "sliding" ? shape.slide : shape.size, shape.offset);
  }

  /** The start of the last window that starts at or before `time`. */
  lastStart(time: Timestamp): Timestamp {
    return windowStart(time, this.offset, this.slide);
  }

  /** The start of the first window that ends after `time`. */
  firstStart(time: Timestamp): Timestamp {
    return this.lastStart(time - this.size) + this.slide;
  }

  /** The window that starts at `start`. */
  window(start: Timestamp): TimeWindow {
    return timeWindow(start, start + this.size);
  }

  /** The last timestamp of the window that starts at `start`. */
  maxTimestamp(start: Timestamp): Timestamp {
    return start + this.size - 1;
  }

  sliceStart(time: Timestamp): Timestamp {
    const base = this.lastStart(time);
    return this.#remainder > 0 && time - base >= this.#remainder ? base + this.#remainder : base;
  }

  /** The end of the slice that starts at `slice`: where the next one starts. */
  sliceEnd(slice: Timestamp): Timestamp {
    const base = this.lastStart(slice);
    return this.#remainder > 0 && slice === base ? base + this.#remainder : base + this.slide;
  }
}
