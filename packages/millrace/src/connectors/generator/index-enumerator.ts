import type { SplitEnumerator, SplitEnumeratorContext } from "../../common/connector/source.ts";
import { StaticEnumerator, type StaticEnumeratorState } from "../base/static-enumerator.ts";
import { indexSplits, type IndexSplit } from "./index-split.ts";

/**
 * Makes as many splits as there are readers when the job starts for the first time, and deals them out. They stay as many: at a greater
 * parallelism some readers have none, at a smaller one some read several side by side.
 */
export function indexEnumerator(
  name: string,
  context: SplitEnumeratorContext<IndexSplit>,
  indexes: { readonly from: number; readonly end: number | null },
  restored: StaticEnumeratorState<IndexSplit> | undefined,
): SplitEnumerator<IndexSplit, StaticEnumeratorState<IndexSplit>> {
  return new StaticEnumerator(
    context,
    {
      name,
      discover: (parallelism) => indexSplits(indexes.from, indexes.end, parallelism),
      rule: "share",
      owner: ({ splitId }) => Number(splitId),
      order: (a, b) => Number(a.splitId) - Number(b.splitId),
    },
    restored,
  );
}
