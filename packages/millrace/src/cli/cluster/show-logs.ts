import { SystemClock } from "../../common/clock/system-clock.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import type { ClusterClient, ListedLog } from "../../client/cluster-client.ts";
import { pause } from "../../client/pause.ts";
import { poll } from "../../client/poll.ts";
import type { LogsRequest } from "../command-line/cluster-requests.ts";
import type { CommandContext } from "../commands/command-context.ts";
import { ExitCode, exitCodeOfSignal } from "../exit-code.ts";
import { clusterOf } from "./cluster-access.ts";
import { findJob } from "./find-job.ts";

/** A log on the screen: which, and how much of it was shown. */
interface ShownLog {
  readonly taskManager: string | undefined;
  readonly name: string;
  offset: number;
}

/** The most of a log's end that is read for its last lines, bytes. */
const TAIL = 1024 * 1024;
/** How often a log that is followed is looked at, ms. */
const INTERVAL = 1000;

/** Prints the last lines of the logs of a process, or of those that run a job; then what is added, where that is asked for. */
export async function showLogs(
  { access, of, lines, follow, json }: LogsRequest,
  { cwd, output, reporter }: CommandContext,
): Promise<number> {
  const cluster = await clusterOf(access, cwd);
  const shown = await logsOf(cluster, of);
  const several = shown.length > 1;
  const print = (log: ShownLog, text: string): void => {
    if (text === "") return;
    const { taskManager, name } = log;
    if (json) {
      for (const line of text.replace(/\n$/u, "").split("\n")) {
        process.stdout.write(
          `${JSON.stringify({ process: taskManager ?? "jobmanager", file: name, line })}\n`,
        );
      }
    } else {
      process.stdout.write(
        `${several ? `==> ${name} <==\n` : ""}${text.endsWith("\n") ? text : `${text}\n`}`,
      );
    }
  };
  for (const log of shown) print(log, await tail(cluster, log, lines));
  if (!follow) return ExitCode.OK;
  const clock = new SystemClock();
  const { patience } = cluster;
  const gone = new Set<ShownLog>();
  const onSilent = ({ message }: Error): void =>
    reporter.note(`${message}; waiting for it, or for the next one`);
  while (!output.closed) {
    await pause(clock, INTERVAL);
    for (const log of shown) {
      const text = await poll(clock, () => addedOrGone(cluster, log), { onSilent, patience });
      if (text !== GONE) {
        gone.delete(log);
        print(log, text);
      } else if (!gone.has(log)) {
        gone.add(log);
        reporter.note(`${log.taskManager ?? "the JobManager"} has no ${log.name} now; waiting for it`);
      }
    }
  }
  return exitCodeOfSignal("SIGPIPE");
}

async function logsOf(cluster: ClusterClient, of: string | undefined): Promise<readonly ShownLog[]> {
  if (of === undefined) return filesOf(undefined, await cluster.logs());
  const taskManagers = await cluster.taskManagers();
  const all = taskManagers.map(({ id }) => id);
  const ids = all.includes(of)
    ? [of]
    : await taskManagersOf(cluster, of, all).catch((error: unknown) => {
        // The beginning of a TaskManager's id does, as that of a job's.
        const begins = all.filter((id) => id.startsWith(of));
        if (begins.length !== 1 || !MillraceError.is(error, "NOT_FOUND")) throw error;
        return begins;
      });
  const logs = await Promise.all(ids.map(async (id) => filesOf(id, await cluster.logs(id))));
  return logs.flat();
}

/** The TaskManagers where a job has slots; of one that has ended, those where its tasks were last, as far as they are still there. */
async function taskManagersOf(
  cluster: ClusterClient,
  named: string,
  ids: readonly string[],
): Promise<readonly string[]> {
  const job = await findJob(cluster, named).catch((error: unknown) => {
    if (!MillraceError.is(error, "NOT_FOUND")) throw error;
    throw new MillraceError("NOT_FOUND", `the cluster has no TaskManager and no job ${named}`, {
      help: `TaskManagers are ${ids.length === 0 ? "none" : ids.join(", ")}; millrace list -a shows the jobs.`,
    });
  });
  const described = await Promise.all(ids.map((id) => cluster.taskManager(id)));
  const used = described.filter(({ allocatedSlots }) => allocatedSlots.some(({ jobId }) => jobId === job.id));
  if (used.length > 0) return used.map(({ id }) => id);
  const last = await job.taskManagers();
  const left = ids.filter((id) => last.includes(id));
  if (left.length > 0) return left;
  throw new MillraceError("NOT_FOUND", `no TaskManager of this cluster runs or ran job ${job.id}`, {
    help: "millrace status shows what has failed; millrace logs <TaskManager> what each of them has logged.",
  });
}

/** The newest file of each kind: what the process logs, and what it and its tasks print. */
function filesOf(taskManager: string | undefined, files: readonly ListedLog[]): readonly ShownLog[] {
  const newest = (ending: string): readonly ListedLog[] =>
    files
      .filter(({ name }) => name.endsWith(ending))
      .toSorted((a, b) => b.mtime - a.mtime)
      .slice(0, 1);
  return [...newest(".log"), ...newest(".out").filter(({ size }) => size > 0)].map(({ name, size }) => ({
    taskManager,
    name,
    offset: size,
  }));
}

async function tail(cluster: ClusterClient, log: ShownLog, lines: number): Promise<string> {
  const from = Math.max(0, log.offset - TAIL);
  const bytes = await cluster.log({ ...fileOf(log), from });
  log.offset = from + bytes.length;
  const text = Buffer.from(bytes).toString().replace(/\n$/u, "");
  return lines === 0 ? "" : text.split("\n").slice(-lines).join("\n");
}

/** A process that has ended, or has not come back to a new JobManager yet. */
const GONE = Symbol("gone");

async function addedOrGone(cluster: ClusterClient, log: ShownLog): Promise<string | typeof GONE> {
  try {
    return await added(cluster, log);
  } catch (error) {
    if (MillraceError.is(error, "NOT_FOUND")) return GONE;
    throw error;
  }
}

/** What stands in a log since it was last looked at. One that was begun anew is read from its beginning. */
async function added(cluster: ClusterClient, log: ShownLog): Promise<string> {
  const now = (await cluster.logs(log.taskManager)).find(({ name }) => name === log.name);
  if (now === undefined || now.size === log.offset) return "";
  if (now.size < log.offset) log.offset = 0;
  const bytes = await cluster.log({ ...fileOf(log), from: log.offset });
  log.offset += bytes.length;
  return Buffer.from(bytes).toString();
}

const fileOf = ({
  taskManager,
  name,
}: ShownLog): { readonly name: string; readonly taskManager?: string } => ({
  name,
  ...(taskManager === undefined ? {} : { taskManager }),
});
