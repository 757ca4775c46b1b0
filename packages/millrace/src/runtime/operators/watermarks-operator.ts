import type { ClockTimer } from "../../common/clock/clock.ts";
import { MAX_WATERMARK, MIN_WATERMARK, type Timestamp } from "../../common/time/timestamps.ts";
import type { WatermarkStrategy } from "../../common/watermarks/watermark-strategy.ts";
import type { WatermarksSpec } from "../../graph/stream/operator-spec.ts";
import type { Operator, OperatorContext } from "./operator.ts";
import { EmittedWatermark } from "./emitted-watermark.ts";
import { CombinedWatermarks } from "./source/combined-watermarks.ts";
import { checked } from "./source/split-output.ts";
import type { SplitWatermarks } from "./source/split-watermarks.ts";

/** Where the context doesn't say how often generators are asked, ms. */
const DEFAULT_INTERVAL = 200;

/**
 * Timestamps and watermarks in the middle of a stream. What came with the records is replaced: watermarks and idleness from
 * above are ignored, but for the last watermark, which ends event time. After a restore it goes on from the watermark that it had emitted,
 * whatever its generator makes of the records that come again.
 */
export class WatermarksOperator implements Operator {
  readonly #context: OperatorContext;
  readonly #strategy: WatermarkStrategy<unknown>;
  readonly #combined: CombinedWatermarks<unknown>;
  readonly #own: SplitWatermarks<unknown>;
  readonly #interval: number;
  #emitted: EmittedWatermark | undefined;
  #ended = false;
  #timer: ClockTimer | undefined;
  #lastTick = 0;
  #wasBlocked = false;

  constructor(spec: WatermarksSpec, context: OperatorContext) {
    this.#context = context;
    this.#strategy = spec.watermarks;
    this.#combined = new CombinedWatermarks(spec.watermarks, context.output);
    this.#own = this.#combined.add();
    this.#interval = context.autoWatermarkInterval ?? DEFAULT_INTERVAL;
  }

  initializeState(): void {
    this.#emitted = new EmittedWatermark(this.#context);
  }

  open(): void {
    const restored = this.#emitted?.restored ?? MIN_WATERMARK;
    // Before any record, and when all that is chained behind is open.
    if (restored > MIN_WATERMARK) this.#context.mail(() => this.#combined.restore(restored));
    const { generator, idleTimeout } = this.#strategy;
    if (generator === undefined && idleTimeout === undefined) return;
    this.#lastTick = this.#context.clock.monotonic();
    this.#schedule();
  }

  processRecord(value: unknown, timestamp: Timestamp): void {
    const own = this.#own;
    const { timestampAssigner } = this.#strategy;
    const time =
      timestampAssigner === undefined ? timestamp : checked(timestampAssigner(value, timestamp), value);
    own.recent++;
    this.#context.output.record(value, time);
    if (own.generator === undefined) return;
    const before = own.watermark;
    own.generator.onEvent(value, time, own);
    if (this.#interval === 0) own.generator.onPeriodicEmit(own);
    if (own.watermark !== before || own.idle) this.#combined.flush();
  }

  processWatermark(watermark: Timestamp): void {
    if (watermark !== MAX_WATERMARK) return;
    this.#ended = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#own.markActive();
    this.#combined.flush();
    this.#context.output.watermark(MAX_WATERMARK);
  }

  processIdle(): void {}

  prepareSnapshot(): void {
    const { watermark, idle } = this.#combined;
    this.#emitted?.keep(this.#ended ? MAX_WATERMARK : watermark, idle);
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #schedule(): void {
    // Asked after every record, a generator still needs a timer for idleness.
    const interval = this.#interval === 0 ? DEFAULT_INTERVAL : this.#interval;
    this.#timer = this.#context.clock.schedule(interval, () => this.#context.mail(() => this.#tick()));
  }

  #tick(): void {
    if (this.#timer === undefined) return;
    const now = this.#context.clock.monotonic();
    const { blocked } = this.#context.flow;
    // Time under back-pressure does not count towards idleness: no record could have come.
    this.#combined.tick(blocked || this.#wasBlocked ? 0 : now - this.#lastTick);
    this.#wasBlocked = blocked;
    this.#lastTick = now;
    this.#schedule();
  }
}
