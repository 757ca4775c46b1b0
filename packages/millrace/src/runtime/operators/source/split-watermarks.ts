import { MIN_WATERMARK } from "../../../common/time/timestamps.ts";
import type { Timestamp } from "../../../common/time/timestamps.ts";
import type { WatermarkGenerator, WatermarkOutput } from "../../../common/watermarks/watermark-strategy.ts";

/**
 * Watermark and idleness of one split. Its generator emits into it; the source combines all of its splits.
 */
export class SplitWatermarks<T> implements WatermarkOutput {
  watermark: Timestamp = MIN_WATERMARK;
  idle = false;
  /** Whether it was restored, and its reader has not come to it: it holds back event time, and time without records is nobody's fault. */
  waiting = false;
  /** Records since the idle clock was last looked at. */
  recent = 0;
  /** Time without records, in ms, during which records could have come. */
  quiet = 0;
  readonly generator: WatermarkGenerator<T> | undefined;
  readonly #onChange: () => void;

  constructor(generator: WatermarkGenerator<T> | undefined, onChange: () => void) {
    this.generator = generator;
    this.#onChange = onChange;
  }

  emitWatermark(watermark: Timestamp): void {
    if (watermark <= this.watermark) return;
    this.watermark = watermark;
    this.idle = false;
    this.#onChange();
  }

  markIdle(): void {
    if (this.idle) return;
    this.idle = true;
    this.#onChange();
  }

  markActive(): void {
    if (!this.idle) return;
    this.idle = false;
    this.#onChange();
  }
}
