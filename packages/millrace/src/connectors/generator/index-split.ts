import type { SourceSplit } from "../../common/connector/source.ts";

/**
 * The indexes `next`, `next + step`, `next + 2 * step` ... below `end`: how sources that make their records from an index
 * divide them. Split i of p takes every p-th index, so that subtasks go through event time together.
 */
export interface IndexSplit extends SourceSplit {
  readonly next: number;
  readonly step: number;
  /** The first index that no longer belongs to it; null where there is no end. */
  readonly end: number | null;
}

/** How many splits of indexes one reader reads at a time: all it has, because each of them runs through all of event time. */
export const INDEX_CONCURRENCY: number = Number.MAX_SAFE_INTEGER;

/** The indexes from `from` up to, without, `end` in `count` splits; fewer where there are fewer indexes. */
export function indexSplits(from: number, end: number | null, count: number): readonly IndexSplit[] {
  const splits = end === null ? count : Math.min(count, Math.max(0, end - from));
  return Array.from({ length: splits }, (_, i) => ({
    splitId: String(i),
    next: from + i,
    step: splits,
    end,
  }));
}
