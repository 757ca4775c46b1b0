import type { SourceSplit } from "../../common/connector/source.ts";
import type { Timestamp } from "../../common/time/timestamps.ts";

/**
 * A split as a reader's snapshot holds it: with its position, and with what is known of its event time, so that a restored source
 * says nothing earlier than before (correctness rule 15). Plain data. Whoever carries it need not look inside: a source operator takes
 * it in the place of the split.
 */
export interface SplitSnapshot extends SourceSplit {
  readonly "~millrace": "split";
  /** The reader's own, with its position. */
  readonly split: SourceSplit;
  /** Whether its records have a watermark: the reader had begun to read it. */
  readonly begun: boolean;
  /** Its watermark; -Infinity where there was none yet. */
  readonly watermark: Timestamp;
  /** Whether it counted as idle: event time went on without it. */
  readonly idle: boolean;
  /** The watermark that its source subtask had emitted over all its splits. */
  readonly emitted: Timestamp;
}

/** Tells splits of a snapshot from those that an enumerator assigns. */
export function isSplitSnapshot(split: unknown): split is SplitSnapshot {
  return (
    typeof split === "object" && split !== null && (split as Partial<SplitSnapshot>)["~millrace"] === "split"
  );
}
