import { showPath } from "../errors/user-frames.ts";
import { formatDuration } from "../format/durations.ts";
import { countOf, formatCount, formatPercent } from "../format/numbers.ts";
import { table } from "../format/table.ts";
import { oneLine, truncate } from "../format/text-width.ts";
import { formatTime } from "../format/times.ts";
import type { VertexTotals } from "../progress/job-totals.ts";
import type { Style } from "../terminal/style.ts";
import type { JobSummary } from "./job-summary.ts";

/** The most columns that the name of a vertex takes: chains have long ones. */
const NAME_WIDTH = 48;

/**
 * What is shown when a job has ended: how, how long it took, what went in and out, and a table of its vertices.
 *
 * @param cwd paths inside it are shown relative to it
 * @example
 * ```text
 * delays FINISHED in 12.3 s
 *   in 3,000,000 records (243,902/s), out 14,100 (1,146/s)
 *
 *   operators                  tasks  records in  records out  busy  back-pressured
 *   Source: flights -> filter      2   3,000,000    2,990,000   45%             51%
 * ```
 */
export function summaryText(summary: JobSummary, style: Style, cwd: string): string {
  const { totals, duration, status, restarts, checkpoints, kept } = summary;
  const paint = status === "FINISHED" ? style.green : status === "FAILED" ? style.red : style.yellow;
  // After a restart tasks count anew, and nothing says how long ago that was.
  const rate = (count: number): string =>
    duration > 0 && restarts === 0 ? ` (${formatCount((count * 1000) / duration)}/s)` : "";
  const facts = [
    `in ${formatCount(totals.recordsIn)} ${totals.recordsIn === 1 ? "record" : "records"}${rate(totals.recordsIn)}`,
    `out ${formatCount(totals.recordsOut)}${rate(totals.recordsOut)}`,
    ...(totals.recordsSkipped === 0 ? [] : [style.yellow(`skipped ${formatCount(totals.recordsSkipped)}`)]),
    ...(totals.recordsLate === 0 ? [] : [style.yellow(`dropped as late ${formatCount(totals.recordsLate)}`)]),
  ];
  const recovery = [
    ...(checkpoints === undefined ? [] : [countOf(checkpoints.completed, "checkpoint")]),
    ...(checkpoints === undefined || checkpoints.failed === 0
      ? []
      : [style.yellow(`${formatCount(checkpoints.failed)} failed`)]),
    ...(restarts === 0 ? [] : [`${style.yellow(countOf(restarts, "restart"))} (tasks count anew after one)`]),
  ];
  // Of a job that finished, event time is complete everywhere.
  const [title, ...rows] = vertexTable(totals.vertices, status !== "FINISHED");
  return [
    `${style.bold(oneLine(summary.jobName))} ${paint(status)} in ${formatDuration(duration)}`,
    `  ${facts.join(", ")}`,
    ...(recovery.length === 0 ? [] : [`  ${recovery.join(", ")}`]),
    ...(kept === undefined
      ? []
      : [`  its last checkpoint is kept: -s ${showPath(kept, cwd)} goes on from it`]),
    "",
    `  ${style.dim(title ?? "")}`,
    ...rows.map((row) => `  ${row}`),
  ].join("\n");
}

function vertexTable(vertices: readonly VertexTotals[], watermarks: boolean): string[] {
  const skips = vertices.some(({ recordsSkipped }) => recordsSkipped > 0);
  return table(
    [
      { title: "operators", align: "left" },
      { title: "tasks", align: "right" },
      { title: "records in", align: "right" },
      { title: "records out", align: "right" },
      ...(skips ? [{ title: "skipped", align: "right" } as const] : []),
      { title: "busy", align: "right" },
      { title: "back-pressured", align: "right" },
      ...(watermarks ? [{ title: "watermark", align: "left" } as const] : []),
    ],
    vertices.map((vertex) => [
      truncate(oneLine(vertex.name), NAME_WIDTH),
      String(vertex.parallelism),
      formatCount(vertex.recordsIn),
      formatCount(vertex.recordsOut),
      ...(skips ? [formatCount(vertex.recordsSkipped)] : []),
      shareOf(vertex, vertex.busyTime),
      shareOf(vertex, vertex.backPressuredTime),
      ...(watermarks ? [watermarkOf(vertex)] : []),
    ]),
  );
}

function shareOf({ busyTime, idleTime, backPressuredTime }: VertexTotals, time: number): string {
  const all = busyTime + idleTime + backPressuredTime;
  return all <= 0 ? "-" : formatPercent(time / all);
}

function watermarkOf({ watermark }: VertexTotals): string {
  if (watermark === Infinity) return "complete";
  return formatTime(watermark);
}
