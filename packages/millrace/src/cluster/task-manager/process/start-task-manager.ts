import { mkdir } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";
import { SystemClock } from "../../../common/clock/system-clock.ts";
import type { Clock } from "../../../common/clock/clock.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { JobManagerConnection } from "../../../protocol/cluster/connection.ts";
import type { TaskManagerDescription } from "../../../protocol/cluster/resource-messages.ts";
import { nodeFileSystem } from "../../../runtime/checkpoint/storage/node-file-system.ts";
import { makeJobFolder, removeLeftOverFolders } from "../../artifact/job-folder.ts";
import { describeConfiguration } from "../../configuration/cluster-configuration.ts";
import type { ClusterConfiguration } from "../../configuration/cluster-configuration.ts";
import { engineVersion } from "../../engine-version.ts";
import { PeerLog } from "../../logging/peer-log.ts";
import { openProcessLog } from "../../logging/process-log.ts";
import { connectToJobManager } from "../../transport/connect-to-job-manager.ts";
import type { JobManagerAddress } from "../../transport/connect-to-job-manager.ts";
import { endpoint } from "../../transport/endpoint.ts";
import { loadInternalTls } from "../../transport/load-tls.ts";
import { warnOfOpenPort } from "../../transport/open-ports.ts";
import { openLocalBackups } from "../local-backups.ts";
import { ArtifactCache } from "./artifact-cache.ts";
import { fetchArtifact } from "./fetch-artifact.ts";
import { jobManagerPlaces } from "./find-job-manager.ts";
import { measureProcess } from "./process-health.ts";
import { endWithProcess } from "./end-with-process.ts";
import { openNetwork } from "./open-network.ts";
import { TaskManager } from "./task-manager.ts";
import { taskManagerSettings } from "./task-manager-settings.ts";
import type { TaskManagerSettings } from "./task-manager-settings.ts";

/** How a TaskManager runs in its process. */
export interface StartTaskManagerOptions {
  /** Whether the process is its own: it ends on SIGTERM and SIGINT, and on errors that nobody has caught. Default false. */
  readonly ownsProcess?: boolean;
  /** Whether it logs to standard output, too. Default: as `ownsProcess`. */
  readonly console?: boolean;
  readonly clock?: Clock;
}

/** A TaskManager that runs. */
export interface RunningTaskManager {
  readonly taskManagerId: string;
  /** The port at which other TaskManagers send records. */
  readonly dataPort: number;
  /** The file that it logs to. */
  readonly logPath: string;
  /** Settles when it has ended; with why, where nobody has asked it to. Never rejects. */
  readonly ended: Promise<Error | undefined>;
  /** Ends it in order. */
  close(): Promise<void>;
}

/**
 * Starts a TaskManager. It looks for its JobManager from now on; whether it finds one is told by its log, and by `ended` when it gives up.
 *
 * @throws INVALID_OPTION for settings that can't be; as the system where a port or a folder can't be had
 * @example
 * ```ts
 * const taskManager = await startTaskManager(await loadClusterConfiguration(), { ownsProcess: true });
 * process.exitCode = (await taskManager.ended) === undefined ? 0 : 1;
 * ```
 */
export async function startTaskManager(
  configuration: ClusterConfiguration,
  { ownsProcess = false, console = ownsProcess, clock = new SystemClock() }: StartTaskManagerOptions = {},
): Promise<RunningTaskManager> {
  const settings = taskManagerSettings(configuration.settings);
  const { taskManagerId } = settings;
  const tls = await loadInternalTls(configuration.settings, clock.now());
  const log = openProcessLog({
    name: `millrace-taskmanager-${taskManagerId}`,
    settings: configuration.settings,
    console,
  });
  const peers = new PeerLog(log.log, clock);
  try {
    log.log(
      "info",
      `TaskManager ${taskManagerId} of ${engineVersion()} begins, process ${process.pid}, Node.js ${process.version}`,
    );
    log.log("info", `settings: ${JSON.stringify(describeConfiguration(configuration))}`);
    // What killed processes have left is nobody's.
    void removeLeftOverFolders(settings.temporaryDirectory);
    await mkdir(settings.temporaryDirectory, { recursive: true });
    const artifacts = await makeJobFolder(settings.temporaryDirectory);
    const localBackups = await openLocalBackups(configuration.settings, clock, settings.temporaryDirectory);
    const network = await openNetwork({ settings, tls, clock, log: log.log, peers });
    // Where it was found last.
    let jobManager: JobManagerAddress = { ...settings.jobManager, token: settings.token, tls: tls?.client };
    const connect = async (): Promise<JobManagerConnection> => {
      const places = await jobManagerPlaces(configuration.settings, settings.jobManager, nodeFileSystem);
      for (const [index, place] of places.entries()) {
        const address = { ...jobManager, ...place };
        try {
          const connection = await connectToJobManager({ ...address, clock, log: log.log });
          jobManager = address;
          return connection;
        } catch (error) {
          if (index === places.length - 1) throw error;
        }
      }
      throw new MillraceError("INTERNAL", "there is no place where the JobManager could be");
    };
    const taskManager = new TaskManager({
      settings,
      description: describe(settings, network.port, clock),
      clock,
      log,
      health: measureProcess(clock),
      network,
      artifacts: new ArtifactCache({
        folder: artifacts,
        maxIdleBytes: settings.artifactCache,
        log: log.log,
        fetch: (artifact, folder, signal) => fetchArtifact(jobManager, artifact, folder, signal),
      }),
      localBackups,
      connect,
    });
    warnOfOpenPort(
      {
        name: "the port for records",
        host: settings.bindHost,
        tls: tls !== undefined,
        certificates: tls !== undefined,
        // Each exchange has a secret of its own.
        token: true,
        risk: "",
        settings: "security.ssl.internal.enabled",
      },
      log.log,
    );
    if (ownsProcess) endWithProcess(log.log, (error) => taskManager.close(error));
    log.log(
      "info",
      `takes records at ${endpoint(settings.host, network.port)}; its JobManager is at ${endpoint(jobManager.host, jobManager.port)}`,
    );
    void taskManager.ended.then(() => peers.close());
    taskManager.start();
    return {
      taskManagerId,
      dataPort: network.port,
      logPath: log.path,
      ended: taskManager.ended,
      close: () => taskManager.close(),
    };
  } catch (error) {
    log.log("error", "could not begin", error);
    peers.close();
    log.close();
    throw error;
  }
}

const describe = (settings: TaskManagerSettings, dataPort: number, clock: Clock): TaskManagerDescription => ({
  taskManagerId: settings.taskManagerId,
  host: settings.host,
  dataPort,
  slots: settings.slots,
  exclusiveJobs: settings.exclusiveJobs,
  hardware: {
    cpuCores: availableParallelism(),
    physicalMemory: totalmem(),
    slotHeap: settings.slotHeap,
    networkMemory: settings.networkMemory,
  },
  engineVersion: engineVersion(),
  pid: process.pid,
  startedAt: clock.now(),
});
