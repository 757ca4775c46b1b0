import { MillraceError } from "../../common/errors/millrace-error.ts";
import type { ProcessRequest } from "../command-line/cluster-requests.ts";
import type { CommandContext } from "../commands/command-context.ts";
import { ExitCode } from "../exit-code.ts";
import { accessSettings } from "./cluster-access.ts";

/** What a process of a cluster tells who has started it, once it is at work. */
export interface ReadyMessage {
  readonly type: "millrace ready";
  /** Of a JobManager. */
  readonly restPort?: number;
  readonly rpcPort?: number;
  /** Of a TaskManager. */
  readonly taskManagerId?: string;
  readonly logPath: string;
}

/** Runs a JobManager or a TaskManager in this process, until it is asked to end. */
export async function clusterProcess(
  { command, access }: ProcessRequest,
  { cwd, reporter }: CommandContext,
): Promise<number> {
  const configuration = await accessSettings(access, cwd);
  if (command === "jobManager") {
    const { startJobManager } = await import("../../cluster/job-manager/process/start-job-manager.ts");
    const { restPort, rpcPort, logPath, ended } = await listening(() =>
      startJobManager(configuration, { ownsProcess: true }),
    );
    ready({ type: "millrace ready", restPort, rpcPort, logPath });
    await ended;
    return ExitCode.OK;
  }
  const { startTaskManager } = await import("../../cluster/task-manager/process/start-task-manager.ts");
  const { taskManagerId, logPath, ended } = await listening(() =>
    startTaskManager(configuration, { ownsProcess: true }),
  );
  ready({ type: "millrace ready", taskManagerId, logPath });
  const error = await ended;
  if (error === undefined) return ExitCode.OK;
  // Whatever it is: the process was at work, and may be started again.
  reporter.failed(error);
  return ExitCode.FAILED;
}

/** Says which setting a port that is taken is of. */
async function listening<T>(start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    const { code, port, address } = error as NodeJS.ErrnoException & { port?: number; address?: string };
    if (code !== "EADDRINUSE" && code !== "EACCES" && code !== "EADDRNOTAVAIL") throw error;
    throw new MillraceError(
      "INVALID_OPTION",
      `can't listen at ${address}:${port}: ${(error as Error).message}`,
      {
        cause: error,
        help: "Does another process have it? rest.port, jobmanager.rpc.port and taskmanager.data.port name other ports; 0 takes any free one.",
      },
    );
  }
}

function ready(message: ReadyMessage): void {
  // Who has started it may have gone by now.
  process.send?.(message, () => {});
  // The line to it is no reason to stay, nor to end.
  process.channel?.unref();
}
