import { MIN_WATERMARK } from "../../../common/time/timestamps.ts";
import type { Timestamp } from "../../../common/time/timestamps.ts";
import type { WatermarkStrategy } from "../../../common/watermarks/watermark-strategy.ts";
import type { Output } from "../operator.ts";
import { SplitWatermarks } from "./split-watermarks.ts";

/**
 * The watermark of a source, over its splits: the minimum of the active ones, never going back; idle when all are. Splits that
 * have no records for the strategy's idle timeout count as idle, and so does a source that has no split for so long; their clock
 * is advanced by `tick` only, so that it stands still while the source is held back (correctness rule 28).
 */
export class CombinedWatermarks<T> {
  readonly #strategy: WatermarkStrategy<T>;
  readonly #output: Output<unknown>;
  readonly #splits = new Set<SplitWatermarks<T>>();
  #emitted: Timestamp = MIN_WATERMARK;
  #idle = false;
  #dirty = false;
  #counted = 0;
  /** Time without any split, in ms. */
  #unassigned = 0;

  constructor(strategy: WatermarkStrategy<T>, output: Output<unknown>) {
    this.#strategy = strategy;
    this.#output = output;
  }

  /** What was last emitted. */
  get watermark(): Timestamp {
    return this.#emitted;
  }

  /** Whether it was last said to be idle. */
  get idle(): boolean {
    return this.#idle;
  }

  /** Records that all splits have had so far. */
  get records(): number {
    let records = this.#counted;
    for (const split of this.#splits) records += split.recent;
    return records;
  }

  /** Goes on from what was emitted before a restore; nothing is emitted twice. */
  restore(emitted: Timestamp): void {
    if (!(emitted > this.#emitted)) return;
    this.#emitted = emitted;
    this.#output.watermark(emitted);
  }

  /** @param restored where the split stood in a snapshot; its reader has yet to come to it */
  add(restored?: { readonly watermark: Timestamp; readonly idle: boolean }): SplitWatermarks<T> {
    const split: SplitWatermarks<T> = new SplitWatermarks(this.#strategy.generator?.(), () => {
      this.#dirty = true;
    });
    if (restored !== undefined) {
      split.watermark = restored.watermark;
      split.idle = restored.idle;
      split.waiting = true;
    }
    this.#splits.add(split);
    this.#unassigned = 0;
    this.#dirty = true;
    // Who was idle says that it is not before the split's first record.
    if (this.#idle) this.flush();
    return split;
  }

  remove(split: SplitWatermarks<T>): void {
    split.generator?.onPeriodicEmit(split);
    this.#counted += split.recent;
    this.#splits.delete(split);
    this.#dirty = true;
  }

  /** Lets every generator speak, then emits what has changed. `elapsed`: ms during which records could have come. */
  tick(elapsed: number): void {
    const timeout = this.#strategy.idleTimeout;
    if (this.#splits.size === 0 && timeout !== undefined) {
      this.#unassigned += elapsed;
      if (this.#unassigned >= timeout && !this.#idle) this.#dirty = true;
    }
    for (const split of this.#splits) {
      if (split.waiting) continue;
      if (split.recent > 0) {
        this.#counted += split.recent;
        split.recent = 0;
        split.quiet = 0;
        split.markActive();
      } else if (timeout !== undefined) {
        split.quiet += elapsed;
        if (split.quiet >= timeout) split.markIdle();
      }
      if (!split.idle) split.generator?.onPeriodicEmit(split);
    }
    this.flush();
  }

  /** Lets every generator speak; what it says is emitted with the next `tick` or `flush`. */
  askGenerators(): void {
    for (const split of this.#splits) {
      if (!split.idle && !split.waiting) split.generator?.onPeriodicEmit(split);
    }
  }

  /** A subtask that got no split for so long counts as idle, like a split without records. */
  get #waitsForSplits(): boolean {
    const { idleTimeout } = this.#strategy;
    return idleTimeout !== undefined && this.#unassigned >= idleTimeout;
  }

  /** Emits the combined watermark and idleness if they have changed. Cheap when nothing has. */
  flush(): void {
    if (!this.#dirty) return;
    this.#dirty = false;
    let minimum = Infinity;
    let active = 0;
    for (const split of this.#splits) {
      if (split.idle) continue;
      active++;
      if (split.watermark < minimum) minimum = split.watermark;
    }
    const idle = active === 0 && (this.#splits.size > 0 || this.#waitsForSplits);
    if (idle !== this.#idle) {
      this.#idle = idle;
      this.#output.idle(idle);
    }
    if (active > 0 && minimum > this.#emitted && minimum !== Infinity) {
      this.#emitted = minimum;
      this.#output.watermark(minimum);
    }
  }
}
