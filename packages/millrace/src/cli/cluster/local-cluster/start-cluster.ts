import { randomBytes } from "node:crypto";
import { resolve, join } from "node:path";
import { SystemClock } from "../../../common/clock/system-clock.ts";
import { LOG_DIRECTORY, REST_TLS, TASKMANAGER_RESOURCE_ID } from "../../../common/config/cluster-options.ts";
import { configValue } from "../../../common/config/configuration.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { ClusterClient } from "../../../client/cluster-client.ts";
import { poll } from "../../../client/poll.ts";
import type { ClusterStartRequest } from "../../command-line/cluster-requests.ts";
import type { CommandContext } from "../../commands/command-context.ts";
import { ExitCode } from "../../exit-code.ts";
import { countOf } from "../../format/numbers.ts";
import { Interrupts } from "../../interrupts.ts";
import { accessSettings, clusterOf, restAddress } from "../cluster-access.ts";
import { printAnswer } from "../print-answer.ts";
import { isAlive, readState, removeState, writeState } from "./cluster-state.ts";
import { endProcesses } from "./end-processes.ts";
import { hideSecrets } from "./secret-arguments.ts";
import { spawnProcess, type SpawnedProcess } from "./spawn-process.ts";

/** How long TaskManagers may take to find their JobManager, ms. */
const TO_REGISTER = 30_000;

/** Starts a JobManager and TaskManagers as processes of this machine, and waits until they are a cluster. */
export async function startCluster(
  request: ClusterStartRequest,
  { cwd, reporter }: CommandContext,
): Promise<number> {
  const { access, json, taskManagers, slots, foreground } = request;
  const folder = resolve(cwd, request.state);
  await refuseSecond(folder);
  const { settings } = await accessSettings(access, cwd);
  const logs = settings[LOG_DIRECTORY.key] as string | undefined;
  const { shown, env } = hideSecrets(access.settings, process.env);
  const common = [
    ...(access.conf === undefined ? [] : ["--conf", resolve(cwd, access.conf)]),
    ...(logs === undefined ? ["-D", `${LOG_DIRECTORY.key}=${join(folder, "log")}`] : []),
    ...shown.flatMap((setting) => ["-D", setting]),
  ];
  const started: SpawnedProcess[] = [];
  try {
    const jobManager = await spawnProcess({
      name: "jobmanager",
      command: "jobmanager",
      args: common,
      env,
      folder,
    });
    started.push(jobManager);
    const { restPort, rpcPort } = jobManager.ready;
    const scheme = configValue(settings, REST_TLS) ? "https" : "http";
    const restUrl = `${scheme}://${restAddress(settings, restPort)}`;
    const keep = (): Promise<void> =>
      writeState(folder, {
        restUrl,
        processes: started
          .toSorted((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }))
          .map(({ name, pid, began, logPath }) => ({ name, pid, began, logPath })),
      });
    await keep();
    const more = slots === undefined ? [] : ["-D", `taskmanager.numberOfTaskSlots=${slots}`];
    const spawning = Array.from({ length: taskManagers }, async (_, index) => {
      const name = `taskmanager-${index + 1}`;
      // Its log, the status and `millrace logs` call it by the same name.
      const id = settings[TASKMANAGER_RESOURCE_ID.key] ?? `${name}-${randomBytes(3).toString("hex")}`;
      const own = ["-D", `${TASKMANAGER_RESOURCE_ID.key}=${id as string}`];
      const args = [...common, "-D", `jobmanager.rpc.port=${rpcPort}`, ...own, ...more];
      started.push(await spawnProcess({ name, command: "taskmanager", args, env, folder }));
    });
    const outcomes = await Promise.allSettled(spawning);
    await keep();
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
    const cluster = await clusterOf({ ...access, jobManager: restUrl }, cwd);
    const found = await registered(cluster, taskManagers);
    printAnswer(json, { restUrl, taskManagers, slots: found, folder }, () => [
      `cluster at ${restUrl}: ${countOf(taskManagers, "TaskManager")}, ${countOf(found, "slot")}`,
      `logs in ${logs ?? join(folder, "log")}`,
      ...(foreground
        ? []
        : ["millrace run job.ts --target cluster runs a job, millrace cluster stop ends it all"]),
    ]);
  } catch (error) {
    await endProcesses(started);
    await removeState(folder);
    throw error;
  }
  if (!foreground) return ExitCode.OK;
  reporter.note("Ctrl-C ends the cluster");
  const [jobManager] = started;
  await Promise.race([interrupted(), ...(jobManager === undefined ? [] : [endOf(jobManager)])]);
  const killed = await endProcesses(started);
  await removeState(folder);
  return killed.length === 0 ? ExitCode.OK : ExitCode.FAILED;
}

async function refuseSecond(folder: string): Promise<void> {
  const before = await readState(folder);
  const alive = await Promise.all((before?.processes ?? []).map(isAlive));
  if (!alive.includes(true)) return;
  const gone = (before?.processes ?? []).filter((_, index) => alive[index] === false).map(({ name }) => name);
  const without = gone.length === 0 ? "" : `, without ${gone.join(", ")}, which ended`;
  throw new MillraceError(
    "CONFLICT",
    `a cluster that was started here runs at ${before?.restUrl}${without}`,
    {
      help: `millrace cluster stop ends it; --state names another folder for a second one.${gone.length === 0 ? "" : " What has ended is started again by millrace jobmanager or millrace taskmanager, with the same settings."}`,
    },
  );
}

/** Waits until so many TaskManagers are registered. Answers their slots. */
async function registered(cluster: ClusterClient, count: number): Promise<number> {
  const clock = new SystemClock();
  const begin = clock.monotonic();
  return poll(clock, async () => {
    const { taskmanagers, "slots-total": slots } = await cluster.overview();
    if (taskmanagers >= count) return slots;
    if (clock.monotonic() - begin < TO_REGISTER) return undefined;
    throw new MillraceError(
      "CLUSTER_UNREACHABLE",
      `${taskmanagers} of ${count} TaskManagers have found their JobManager within ${TO_REGISTER / 1000} s`,
      { help: "Their logs tell why." },
    );
  });
}

const interrupted = (): Promise<void> =>
  new Promise((resolve) => {
    const stop = (): void => resolve();
    // The second signal has its usual effect.
    void new Interrupts(new SystemClock(), stop, stop);
  });

const endOf = ({ child }: SpawnedProcess): Promise<void> =>
  new Promise((resolve) => {
    child.ref();
    child.once("exit", () => resolve());
  });
