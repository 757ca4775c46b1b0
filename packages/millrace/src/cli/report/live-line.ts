import { formatDuration } from "../format/durations.ts";
import { countOf, formatCompact, formatPercent, formatRate } from "../format/numbers.ts";
import { oneLine, textWidth, truncate } from "../format/text-width.ts";
import { formatWatermark } from "../format/times.ts";
import { checkpointText } from "./checkpoint-text.ts";
import type { ProgressReport } from "../progress/job-progress.ts";
import type { Style } from "../terminal/style.ts";

/** The most columns that a name takes. */
const NAME_WIDTH = 28;
const SEPARATOR = " | ";

/** A piece of the line; where there is too little room, those of the highest rank go first. */
interface Piece {
  readonly rank: number;
  readonly text: string;
  readonly paint: (text: string) => string;
}

/**
 * The one line that a terminal shows of a running job, at most `columns` wide: what doesn't fit is left out, from the least important
 * on.
 *
 * @example `delays | 12.3 s | in 245 k/s (3.00 M) | out 1.23 k/s (14.1 k) | watermark 2001-03-04 05:06:07 | busiest window 98%`,
 * with checkpoints and after a failure `delays | 12.3 s | in ... | out ... | 1 restart | checkpoint 4, 2.1 s ago | watermark ...`
 */
export function liveLine(report: ProgressReport, columns: number, style: Style): string {
  const all = pieces(report, style);
  let kept = all;
  for (let rank = Math.max(...all.map((piece) => piece.rank)); widthOf(kept) > columns && rank > 0; rank--) {
    kept = kept.filter((piece) => piece.rank < rank);
  }
  if (widthOf(kept) > columns) return truncate(kept.map(({ text }) => text).join(SEPARATOR), columns);
  return kept.map(({ text, paint }) => paint(text)).join(style.dim(SEPARATOR));
}

function pieces(report: ProgressReport, style: Style): readonly Piece[] {
  const plain = (text: string): string => text;
  const watermark = formatWatermark(report.watermark, report.now);
  const { busiest, heldBack, recordsSkipped, condition } = report;
  const { restarting, restarts, checkpoints, waiting } = condition;
  const found: (Piece | undefined)[] = [
    { rank: 1, text: nameOf(report.jobName), paint: style.bold },
    restarting ? { rank: 0, text: "restarting", paint: style.yellow } : undefined,
    { rank: 6, text: formatDuration(report.elapsed), paint: plain },
    waiting === undefined ? undefined : { rank: 1, text: oneLine(waiting), paint: style.yellow },
    {
      rank: 0,
      text: `in ${formatRate(report.recordsInPerSecond)} (${formatCompact(report.recordsIn)})`,
      paint: style.cyan,
    },
    {
      rank: 2,
      text: `out ${formatRate(report.recordsOutPerSecond)} (${formatCompact(report.recordsOut)})`,
      paint: style.cyan,
    },
    recordsSkipped === 0
      ? undefined
      : { rank: 3, text: `skipped ${formatCompact(recordsSkipped)}`, paint: style.yellow },
    restarts === 0 ? undefined : { rank: 3, text: countOf(restarts, "restart"), paint: style.yellow },
    checkpoints === undefined
      ? undefined
      : {
          rank: 4,
          text: checkpointText(checkpoints),
          paint: checkpoints.failed === 0 ? plain : style.yellow,
        },
    watermark === undefined ? undefined : { rank: 4, text: `watermark ${watermark}`, paint: plain },
    busiest === undefined
      ? undefined
      : { rank: 5, text: `busiest ${nameOf(busiest.name)} ${formatPercent(busiest.share)}`, paint: plain },
    heldBack === undefined
      ? undefined
      : { rank: 7, text: `back-pressured ${nameOf(heldBack.name)}`, paint: style.yellow },
  ];
  return found.filter((piece) => piece !== undefined);
}

function nameOf(name: string): string {
  return truncate(oneLine(name), NAME_WIDTH);
}

function widthOf(pieces: readonly Piece[]): number {
  return (
    pieces.reduce((sum, { text }) => sum + textWidth(text), 0) +
    SEPARATOR.length * Math.max(0, pieces.length - 1)
  );
}
