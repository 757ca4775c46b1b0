import { resolve } from "node:path";
import type { Overview } from "../../../protocol/rest/cluster.ts";
import type { ClusterStateRequest } from "../../command-line/cluster-requests.ts";
import type { CommandContext } from "../../commands/command-context.ts";
import { ExitCode } from "../../exit-code.ts";
import { countOf } from "../../format/numbers.ts";
import { table } from "../../format/table.ts";
import { clusterOf } from "../cluster-access.ts";
import { printAnswer } from "../print-answer.ts";
import { isAlive, readState } from "./cluster-state.ts";
import { noCluster } from "./stop-cluster.ts";

/** Prints which processes run of those that `cluster start` has started, and what the JobManager tells. Answers 1 where some are gone. */
export async function clusterStatus(
  { state, json, access }: ClusterStateRequest,
  { cwd }: CommandContext,
): Promise<number> {
  const folder = resolve(cwd, state);
  const { restUrl, processes } = (await readState(folder)) ?? noCluster(folder);
  const alive = await Promise.all(processes.map(isAlive));
  const cluster = await clusterOf({ ...access, jobManager: restUrl }, cwd);
  // Also where that JobManager is gone: another one may have been started in its place.
  const overview = await cluster.overview().catch(() => undefined);
  const listed = processes.map((each, index) => ({ ...each, alive: alive[index] === true }));
  printAnswer(json, { restUrl, processes: listed, overview: overview ?? null }, () => [
    `cluster at ${restUrl}${overview === undefined ? ", which does not answer" : overviewText(overview)}`,
    ...table(
      [
        { title: "process", align: "left" },
        { title: "pid", align: "right" },
        { title: "state", align: "left" },
        { title: "log", align: "left" },
      ],
      listed.map(({ name, pid, alive, logPath }) => [name, String(pid), alive ? "running" : "gone", logPath]),
    ),
  ]);
  return alive.includes(false) || overview === undefined ? ExitCode.FAILED : ExitCode.OK;
}

const overviewText = (overview: Overview): string =>
  `, ${overview["flink-version"]}: ${overview["slots-available"]} of ${overview["slots-total"]} slots free, ${countOf(overview["jobs-running"], "job")} running`;
