import type { ListedJob } from "../../client/cluster-client.ts";
import { hasEnded } from "../../client/job/job-results.ts";
import type { ListRequest } from "../command-line/cluster-requests.ts";
import type { CommandContext } from "../commands/command-context.ts";
import { ExitCode } from "../exit-code.ts";
import { formatDuration } from "../format/durations.ts";
import { table } from "../format/table.ts";
import { oneLine, truncate } from "../format/text-width.ts";
import { formatTime } from "../format/times.ts";
import { clusterOf } from "./cluster-access.ts";
import { printAnswer } from "./print-answer.ts";

const NAME_WIDTH = 40;

/** Prints the jobs of a cluster, the newest first. */
export async function listJobs({ access, all, json }: ListRequest, { cwd }: CommandContext): Promise<number> {
  const cluster = await clusterOf(access, cwd);
  const jobs = (await cluster.jobs())
    .filter(({ state }) => all || !hasEnded(state))
    .toSorted((a, b) => b["start-time"] - a["start-time"]);
  printAnswer(json, jobs, () => jobTable(jobs, all));
  return ExitCode.OK;
}

/** @param all whether jobs that have ended are among them, too */
export function jobTable(jobs: readonly ListedJob[], all: boolean): readonly string[] {
  if (jobs.length === 0) return [all ? "no jobs" : "no jobs are running; -a shows those that have ended"];
  return table(
    [
      { title: "job", align: "left" },
      { title: "name", align: "left" },
      { title: "state", align: "left" },
      { title: "since", align: "left" },
      { title: "duration", align: "right" },
      { title: "tasks", align: "right" },
    ],
    jobs.map((job) => [
      job.jid,
      truncate(oneLine(job.name), NAME_WIDTH),
      job.state,
      formatTime(job["start-time"]),
      formatDuration(job.duration),
      `${job.tasks["running"] ?? 0}/${job.tasks["total"] ?? 0}`,
    ]),
  );
}
