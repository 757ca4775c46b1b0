import type { CheckpointInfo, CheckpointStats } from "../../protocol/rest/checkpoints.ts";
import type { JobDetails, JobExceptions } from "../../protocol/rest/jobs.ts";
import { hasEnded } from "../../client/job/job-results.ts";
import type { PlainJobRequest } from "../command-line/cluster-requests.ts";
import type { CommandContext } from "../commands/command-context.ts";
import { stackFrames } from "../errors/stack-frames.ts";
import { isUserFrame, showFrame } from "../errors/user-frames.ts";
import { ExitCode } from "../exit-code.ts";
import { formatDuration } from "../format/durations.ts";
import { countOf, formatBytes, formatCount } from "../format/numbers.ts";
import { table } from "../format/table.ts";
import { oneLine, truncate } from "../format/text-width.ts";
import { formatTime } from "../format/times.ts";
import { clusterOf } from "./cluster-access.ts";
import { findJob } from "./find-job.ts";
import { printAnswer } from "./print-answer.ts";

const NAME_WIDTH = 48;
/** How many failures are shown. */
const MAX_FAILURES = 3;
/** The most frames of the user's code that are shown of each. */
const MAX_FRAMES = 4;
const RECORD_WIDTH = 200;

/** Prints how a job stands. */
export async function jobStatus(
  { access, job: named, json }: PlainJobRequest,
  { cwd }: CommandContext,
): Promise<number> {
  const job = await findJob(await clusterOf(access, cwd), named);
  const [details, checkpoints, exceptions] = await Promise.all([
    job.details(),
    job.checkpoints(),
    job.exceptions(),
  ]);
  printAnswer(json, { details, checkpoints, exceptions }, () =>
    statusLines(details, checkpoints, exceptions, cwd),
  );
  return ExitCode.OK;
}

/** A job as people read it. */
export function statusLines(
  job: JobDetails,
  { counts, latest }: CheckpointStats,
  { exceptionHistory }: JobExceptions,
  cwd: string,
): readonly string[] {
  const taken = counts.total + counts.restored > 0;
  return [
    `${oneLine(job.name)} ${job.state} ${hasEnded(job.state) ? "after" : "for"} ${formatDuration(job.duration)}, since ${formatTime(job["start-time"])}`,
    `  job ${job.jid}`,
    ...(job.waiting === null ? [] : [`  ${job.waiting}`]),
    ...(job.restarts === 0 ? [] : [`  ${countOf(job.restarts, "restart")}`]),
    ...(taken
      ? [
          `  ${countOf(counts.completed, "checkpoint")}${counts.failed === 0 ? "" : `, ${formatCount(counts.failed)} failed`}${lastText("last", latest.completed)}`,
        ]
      : []),
    ...(latest.savepoint === null ? [] : [`  savepoint${lastText("", latest.savepoint)}`]),
    "",
    ...vertexTable(job).map((line) => `  ${line}`),
    ...exceptionHistory.entries
      .slice(0, MAX_FAILURES)
      .flatMap((failure) => [
        "",
        `  ${formatTime(failure.timestamp)} ${failure.exceptionName}${failure.taskName === null ? "" : ` in ${oneLine(failure.taskName)}`}`,
        ...failureLines(failure.stacktrace, cwd).map((line) => `    ${line}`),
      ]),
  ];
}

/** What failed, the record that it failed with, and where in the user's code. */
function failureLines(stack: string, cwd: string): readonly string[] {
  const [first = "", second = ""] = stack.split("\n");
  const frames = stackFrames(stack).filter(isUserFrame).slice(0, MAX_FRAMES);
  return [
    oneLine(first),
    ...(second.startsWith("  record: ") ? [truncate(oneLine(second), RECORD_WIDTH)] : []),
    ...frames.map((frame) => `  at ${showFrame(frame, cwd)}`),
  ];
}

const lastText = (word: string, checkpoint: CheckpointInfo | null): string =>
  checkpoint === null
    ? ""
    : `${word === "" ? "" : `, ${word}`} ${checkpoint.id} at ${formatTime(checkpoint.trigger_timestamp)}, ${formatBytes(checkpoint.state_size)}${checkpoint.external_path == null ? "" : `, ${checkpoint.external_path}`}`;

function vertexTable({ vertices }: JobDetails): readonly string[] {
  return table(
    [
      { title: "vertex", align: "left" },
      { title: "operators", align: "left" },
      { title: "tasks", align: "right" },
      { title: "state", align: "left" },
      { title: "records in", align: "right" },
      { title: "records out", align: "right" },
    ],
    vertices.map(({ id, name, parallelism, status, metrics }) => [
      id.slice(0, 8),
      truncate(oneLine(name), NAME_WIDTH),
      String(parallelism),
      status,
      formatCount(metrics["read-records"]),
      formatCount(metrics["write-records"]),
    ]),
  );
}
