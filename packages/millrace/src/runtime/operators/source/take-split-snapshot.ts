import type { SourceSplit } from "../../../common/connector/source.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { MIN_WATERMARK, type Timestamp } from "../../../common/time/timestamps.ts";
import { Types } from "../../../common/types/types.ts";
import { describeIssue, validateValue } from "../../../common/types/validate-value.ts";
import type { SplitSnapshot } from "../../../protocol/control/split-snapshot.ts";
import type { SplitWatermarks } from "./split-watermarks.ts";

/**
 * A reader's split with what is known of its event time.
 *
 * @param watermarks undefined where the reader has not begun the split
 * @param emitted what the source has emitted over all splits
 * @throws MillraceError RECORD_TYPE_MISMATCH naming what is no plain data, and so can't stand in a checkpoint
 */
export function takeSplitSnapshot(
  split: SourceSplit,
  watermarks: SplitWatermarks<unknown> | undefined,
  emitted: Timestamp,
): SplitSnapshot {
  const [issue] = validateValue(Types.any, split);
  if (issue !== undefined) {
    throw new MillraceError(
      "RECORD_TYPE_MISMATCH",
      `the position of split ${split.splitId} can't stand in a checkpoint: ${describeIssue(issue)}`,
      {
        help: "Splits and positions are plain data: no functions, symbols or instances of classes.",
        details: { splitId: split.splitId, path: issue.path },
      },
    );
  }
  return {
    "~millrace": "split",
    splitId: split.splitId,
    split,
    begun: watermarks !== undefined,
    watermark: watermarks?.watermark ?? MIN_WATERMARK,
    idle: watermarks?.idle ?? false,
    emitted,
  };
}
