import type { Source, SourceSplit } from "../../common/connector/source.ts";
import { BufferedSourceReader } from "../base/buffered-source-reader.ts";
import { ArrayBatch, type SplitFetcher } from "../base/split-batch.ts";
import { StaticEnumerator, type StaticEnumeratorState } from "../base/static-enumerator.ts";

/** The one split of an items source. */
export interface ItemsSplit extends SourceSplit {
  /** The index of the next item. */
  readonly next: number;
}

/**
 * Reads the items of an array (or of another finite iterable, which is copied at once), in their order. Bounded,
 * read by one subtask, exactly-once: a restored job goes on with the item after the last one of the checkpoint, so
 * the program must build the same items each time.
 *
 * @example
 * ```ts
 * env.fromSource(itemsSource(["to", "be", "or"]), WatermarkStrategy.noWatermarks(), "words")
 * ```
 */
export function itemsSource<T>(items: Iterable<T>): Source<T, ItemsSplit, StaticEnumeratorState<ItemsSplit>> {
  const values: readonly T[] = Object.freeze([...items]);
  return {
    name: "items source",
    boundedness: "bounded",
    guarantee: "exactly-once",
    maxParallelism: 1,
    createEnumerator: (context, restored) =>
      new StaticEnumerator(
        context,
        { name: "items source", discover: () => [{ splitId: "items", next: 0 }] },
        restored,
      ),
    createReader: (context) =>
      new BufferedSourceReader(context, { name: "items source", open: (split) => fetchItems(values, split) }),
  };
}

function fetchItems<T>(values: readonly T[], split: ItemsSplit): SplitFetcher<T, ItemsSplit> {
  let fetched = false;
  return {
    fetch() {
      if (fetched) return null;
      fetched = true;
      const rest = split.next === 0 ? values : values.slice(split.next);
      return new ArrayBatch(rest, (taken) => ({ splitId: split.splitId, next: split.next + taken }));
    },
    close() {
      // Nothing is held.
    },
  };
}
