import { formatDuration } from "../format/durations.ts";
import { countOf, formatCount, formatPercent } from "../format/numbers.ts";
import { oneLine } from "../format/text-width.ts";
import { formatTimeOfDay, formatWatermark } from "../format/times.ts";
import { checkpointText } from "./checkpoint-text.ts";
import type { ProgressReport } from "../progress/job-progress.ts";

/**
 * What a log gets of a running job every few seconds: one line, whole numbers, nothing left out.
 *
 * @example `14:09:03 delays: 5.0 s, in 1,226,000 (245,200/s), out 310 (62/s), watermark 2001-03-04 05:06:07, busiest "window" 98%`
 */
export function logLine(report: ProgressReport): string {
  const { recordsIn, recordsOut, recordsSkipped, busiest, heldBack } = report;
  const { restarting, restarts, checkpoints, waiting } = report.condition;
  const watermark = formatWatermark(report.watermark, report.now);
  const facts = [
    ...(restarting ? ["restarting"] : []),
    formatDuration(report.elapsed),
    ...(waiting === undefined ? [] : [oneLine(waiting)]),
    `in ${formatCount(recordsIn)} (${formatCount(report.recordsInPerSecond)}/s)`,
    `out ${formatCount(recordsOut)} (${formatCount(report.recordsOutPerSecond)}/s)`,
    ...(recordsSkipped === 0 ? [] : [`skipped ${formatCount(recordsSkipped)}`]),
    ...(restarts === 0 ? [] : [countOf(restarts, "restart")]),
    ...(checkpoints === undefined ? [] : [checkpointText(checkpoints)]),
    ...(watermark === undefined ? [] : [`watermark ${watermark}`]),
    ...(busiest === undefined ? [] : [`busiest "${oneLine(busiest.name)}" ${formatPercent(busiest.share)}`]),
    ...(heldBack === undefined
      ? []
      : [`back-pressured "${oneLine(heldBack.name)}" ${formatPercent(heldBack.share)}`]),
  ];
  return `${formatTimeOfDay(report.now)} ${oneLine(report.jobName)}: ${facts.join(", ")}`;
}
