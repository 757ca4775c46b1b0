import type { ReaderOutput, SourceSplit } from "../../common/connector/source.ts";
import type { SplitBatch } from "../base/split-batch.ts";
import { MalformedItem, SourceRecord } from "./source-record.ts";

/** A split of a custom source with the place to read on from. */
export interface CustomSplit<S extends SourceSplit, P> extends SourceSplit {
  readonly split: S;
  /** Its place among all splits. */
  readonly order: number;
  /** The position of the last record that had one. */
  readonly position: P | undefined;
  /** How many records came behind it. */
  readonly skip: number;
}

/** What `read` may yield. */
export type ReadItem<T, P> = T | SourceRecord<T, P> | MalformedItem;

/** Where the batches of one split stand; they are emitted one after the other. */
export interface CustomProgress<P> {
  position: P | undefined;
  skip: number;
}

/** Items of a custom source. */
export class CustomBatch<T, S extends SourceSplit, P> implements SplitBatch<T, CustomSplit<S, P>> {
  readonly #items: readonly ReadItem<T, P>[];
  readonly #split: CustomSplit<S, P>;
  readonly #progress: CustomProgress<P>;
  #at = 0;

  constructor(items: readonly ReadItem<T, P>[], split: CustomSplit<S, P>, progress: CustomProgress<P>) {
    this.#items = items;
    this.#split = split;
    this.#progress = progress;
  }

  get done(): boolean {
    return this.#at >= this.#items.length;
  }

  emit(output: ReaderOutput<T>, limit: number): number {
    const items = this.#items;
    const progress = this.#progress;
    const from = this.#at;
    const end = Math.min(items.length, from + limit);
    while (this.#at < end && !output.blocked) {
      // The index is below the length.
      const item = items[this.#at++] as ReadItem<T, P>;
      if (item instanceof SourceRecord && item.position !== undefined) {
        progress.position = item.position;
        progress.skip = 0;
      } else {
        progress.skip++;
      }
      if (item instanceof MalformedItem) output.malformed(item.record);
      else if (!(item instanceof SourceRecord)) output.collect(item);
      else if (item.timestamp === undefined) output.collect(item.value);
      else output.collect(item.value, item.timestamp);
    }
    return this.#at - from;
  }

  position(): CustomSplit<S, P> {
    return { ...this.#split, position: this.#progress.position, skip: this.#progress.skip };
  }
}
