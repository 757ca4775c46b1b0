import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { SystemClock } from "../../../common/clock/system-clock.ts";
import type { Clock, ClockTimer } from "../../../common/clock/clock.ts";
import {
  INTERNAL_TOKEN,
  JOBMANAGER_BIND_HOST,
  JOBMANAGER_RPC_ADDRESS,
  JOBMANAGER_RPC_PORT,
} from "../../../common/config/cluster-options.ts";
import { JOB_HEAP } from "../../../common/config/job-manager-options.ts";
import { configValue } from "../../../common/config/configuration.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { nodeFileSystem } from "../../../runtime/checkpoint/storage/node-file-system.ts";
import {
  describeConfiguration,
  type ClusterConfiguration,
} from "../../configuration/cluster-configuration.ts";
import { engineVersion } from "../../engine-version.ts";
import type { Log } from "../../logging/log.ts";
import { PeerLog } from "../../logging/peer-log.ts";
import { openProcessLog } from "../../logging/process-log.ts";
import { endWithProcess } from "../../task-manager/process/end-with-process.ts";
import { asToken } from "../../transport/bearer-token.ts";
import { loadInternalTls, loadRestTls } from "../../transport/load-tls.ts";
import { warnOfOpenPort } from "../../transport/open-ports.ts";
import { serveTaskManagers } from "../../transport/serve-task-managers.ts";
import type { DispatcherGateway } from "../dispatcher/dispatcher-gateway.ts";
import { dispatcherSettings } from "../dispatcher/dispatcher-settings.ts";
import { Dispatcher } from "../dispatcher/dispatcher.ts";
import type { SpawnJobThread } from "../dispatcher/jobs/job-thread.ts";
import { spawnJobThread } from "../dispatcher/jobs/spawn-job-thread.ts";
import { awaitLead, processLives } from "../dispatcher/store/await-lead.ts";
import { openClusterStore } from "../dispatcher/store/open-store.ts";
import type { Leadership } from "../dispatcher/store/leadership.ts";
import { ResourceManager } from "../resource-manager/resource-manager.ts";
import { resourceManagerSettings } from "../resource-manager/resource-manager-settings.ts";
import { createRestServer } from "../rest/create-rest-server.ts";
import { restSettings, type StaticFiles } from "../rest/rest-settings.ts";
import { listenForCluster } from "./control-server.ts";
import { serveArtifacts } from "./serve-artifacts.ts";
import { storeFolder } from "./store-folder.ts";

/** A JobManager of this process. */
export interface JobManager {
  /** Where clients reach it. */
  readonly restPort: number;
  /** Where TaskManagers reach it. */
  readonly rpcPort: number;
  /** Of its leadership. */
  readonly epoch: number;
  readonly gateway: DispatcherGateway;
  /** The file that it logs to. */
  readonly logPath: string;
  /** Settles when it has ended: it was closed, or the cluster was shut down. Rejects with FENCED when another has taken over. */
  readonly ended: Promise<void>;
  /** Ends it in order: with high availability its jobs are the next one's, without, they are cancelled. Safe to call twice. */
  close(): Promise<void>;
}

/** How a JobManager runs in its process. */
export interface StartJobManagerOptions {
  /** Whether the process is its own: it ends on SIGTERM and SIGINT, and on errors that nobody has caught. Default false. */
  readonly ownsProcess?: boolean;
  /** Whether it logs to standard output, too. Default: as `ownsProcess`. */
  readonly console?: boolean;
  readonly ui?: StaticFiles | undefined;
  readonly clock?: Clock;
  /** Starts the threads of jobs. Default: worker threads. */
  readonly spawn?: SpawnJobThread;
}

/** How long TaskManagers may take to end with their cluster, in ms. */
const SHUTDOWN_PATIENCE = 10_000;
/** How often a leader looks whether it still leads, in ms. */
const LEADERSHIP_INTERVAL = 2000;

/**
 * Starts a JobManager in this process: takes the lead, recovers jobs, listens for TaskManagers and clients.
 *
 * @throws INVALID_OPTION, CHECKPOINT_STORAGE_FAILED, CODEC_CORRUPT for what can't be recovered, the system's error where it can't listen
 * @example
 * ```ts
 * const jobManager = await startJobManager(await loadClusterConfiguration(), { ownsProcess: true });
 * await jobManager.ended;
 * ```
 */
export async function startJobManager(
  configuration: ClusterConfiguration,
  options: StartJobManagerOptions = {},
): Promise<JobManager> {
  const { settings } = configuration;
  const {
    ownsProcess = false,
    console = ownsProcess,
    ui,
    clock = new SystemClock(),
    spawn = (name) => spawnJobThread(name, { heap: configValue(settings, JOB_HEAP) }),
  } = options;
  const processLog = openProcessLog({ name: "millrace-jobmanager", settings, console });
  const { log } = processLog;
  const closers: (() => Promise<void> | void)[] = [() => processLog.close()];
  const closeAll = async (): Promise<void> => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  const peers = new PeerLog(log, clock);
  closers.push(() => peers.close());
  try {
    const version = engineVersion();
    log("info", `JobManager of ${version} begins, process ${process.pid}, Node.js ${process.version}`);
    log("info", `settings: ${JSON.stringify(describeConfiguration(configuration))}`);
    const [tls, restTls] = [await loadInternalTls(settings, clock.now()), await loadRestTls(settings)];
    const host = configValue(settings, JOBMANAGER_BIND_HOST) as string;
    // Before the lead is taken: who can't listen must not put down the one who does.
    const control = await listenForCluster(
      host,
      configValue(settings, JOBMANAGER_RPC_PORT) as number,
      tls?.server,
      peers,
    );
    closers.push(() => control.close());
    const place = await storeFolder(settings);
    closers.push(() => place.remove());
    const self = { host: hostname(), pid: process.pid };
    const resourceSettings = resourceManagerSettings(settings);
    if (place.durable) {
      await awaitLead({
        fileSystem: nodeFileSystem,
        folder: place.folder,
        clock,
        self,
        interval: resourceSettings.heartbeatInterval,
        timeout: resourceSettings.heartbeatTimeout,
        alive: processLives,
        onStandBy: (leader) => log("info", `another JobManager leads: ${leader}; this one stands by`),
      });
    }
    const rpc = { host: configValue(settings, JOBMANAGER_RPC_ADDRESS) as string, port: control.port };
    const store = await openClusterStore({
      fileSystem: nodeFileSystem,
      folder: place.folder,
      durable: place.durable,
      leader: { ...self, startedAt: clock.now(), rpc },
      engineVersion: version,
      randomBytes,
    });
    const { leadership } = store;
    if (place.durable) await leadership.beat();
    log("info", `this JobManager leads as epoch ${leadership.epoch}, in ${place.folder}`);
    const ended = Promise.withResolvers<void>();
    ended.promise.catch(() => {});
    let ending: Promise<void> | undefined;
    const end = (how: "close" | "shut down" | "at once", error?: Error): Promise<void> =>
      (ending ??= (async () => {
        try {
          if (how === "at once") dispatcher.abandon();
          else await dispatcher.close();
          if (how === "shut down") await resources.shutDown(SHUTDOWN_PATIENCE);
          log("info", "the JobManager ends");
          await closeAll();
          if (place.durable && how !== "at once") await leadership.release();
        } catch (failure) {
          log("warn", "the JobManager did not end well", failure);
        } finally {
          if (error === undefined) ended.resolve();
          else ended.reject(error);
        }
      })());
    const onFenced = (error: MillraceError): void => {
      if (ending !== undefined) return;
      log("error", "another JobManager leads: this one stops at once", error);
      void end("at once", error);
    };
    const resources = new ResourceManager({
      epoch: leadership.epoch,
      settings: resourceSettings,
      engineVersion: version,
      clock,
      log,
      peers,
      randomBytes,
      former: store.taskManagers.former,
      onTaskManagers: (ids) => store.taskManagers.remember(ids),
      onFenced: () => void checkLead(leadership, onFenced, log),
    });
    closers.push(() => resources.close());
    const dispatcher = new Dispatcher({
      settings: dispatcherSettings(configuration),
      store,
      durable: place.durable,
      resources,
      spawn,
      fileSystem: nodeFileSystem,
      clock,
      log,
      randomBytes,
      output: (_, bytes) => processLog.output(bytes),
      engineVersion: version,
      logFiles: processLog.files,
      onFenced,
      // Its answer goes out first.
      onShutDown: () => clock.yield(() => void end("shut down")),
    });
    const shared = configValue(settings, INTERNAL_TOKEN);
    const token = shared === undefined ? undefined : asToken(INTERNAL_TOKEN, shared);
    const endpoint = serveTaskManagers({
      server: control.server,
      token,
      clock,
      peers,
      onConnection: (connection) => resources.connected(connection),
    });
    closers.push(() => endpoint.close());
    control.onRequest = serveArtifacts({ token, path: (sha256) => dispatcher.artifactPath(sha256), peers });
    closers.push(() => dispatcher.abandon());
    await dispatcher.recover();
    const surroundings = { tls: restTls?.server, uploadDirectory: place.uploads, clock, log, ui };
    const rest = await createRestServer(dispatcher, await restSettings(settings, surroundings));
    closers.push(() => rest.close());
    if (place.durable) {
      closers.push(everySoOften(clock, LEADERSHIP_INTERVAL, () => checkLead(leadership, onFenced, log)));
      const { heartbeatInterval } = resourceSettings;
      closers.push(everySoOften(clock, heartbeatInterval, () => leadership.beat().catch(() => {})));
    }
    if (ownsProcess) {
      endWithProcess(log, (error) => end(error === undefined ? "close" : "at once", error));
    }
    warnOfOpenPort(
      {
        name: "the port for TaskManagers",
        host,
        tls: tls !== undefined,
        certificates: tls !== undefined,
        token: token !== undefined,
        risk: "join the cluster and read its jobs and their code",
        settings: "security.ssl.internal.enabled and security.internal.token",
      },
      log,
    );
    log("info", `REST API at ${rest.url}; TaskManagers are awaited at ${host}:${control.port}`);
    return {
      restPort: rest.port,
      rpcPort: control.port,
      epoch: leadership.epoch,
      gateway: dispatcher,
      logPath: processLog.path,
      ended: ended.promise,
      close: () => end("close"),
    };
  } catch (error) {
    log("error", "the JobManager could not begin", error);
    await closeAll().catch(() => {});
    throw error;
  }
}

/** Looks whether this JobManager still leads. Never rejects. */
async function checkLead(
  leadership: Leadership,
  onFenced: (error: MillraceError) => void,
  log: Log,
): Promise<void> {
  try {
    await leadership.check();
  } catch (error) {
    if (MillraceError.is(error, "FENCED")) onFenced(error);
    else log("warn", "whether this JobManager still leads can't be found out", error);
  }
}

/** @returns ends it */
function everySoOften(clock: Clock, interval: number, work: () => Promise<void>): () => void {
  let timer: ClockTimer | undefined;
  let ended = false;
  const wait = (): void => {
    timer = clock.schedule(interval, () => void turn());
  };
  const turn = async (): Promise<void> => {
    await work();
    if (!ended) wait();
  };
  wait();
  return () => {
    ended = true;
    timer?.cancel();
  };
}
