import { resolve } from "node:path";
import type { Clock } from "../../common/clock/clock.ts";
import { SystemClock } from "../../common/clock/system-clock.ts";
import { PARALLELISM } from "../../common/config/options.ts";
import type { JobProgram } from "../../graph/stream/job-program.ts";
import { buildJob } from "../artifact/build-job.ts";
import type { BuiltJob } from "../artifact/build-job.ts";
import { bundleJob } from "../artifact/bundle-job.ts";
import type { JobArtifact } from "../artifact/bundle-job.ts";
import { loadJob } from "../artifact/load-job.ts";
import { refuseCollecting } from "../artifact/refuse-collecting.ts";
import { removeLeftOverFolders } from "../artifact/job-folder.ts";
import { openLocalBackups } from "../task-manager/local-backups.ts";
import { wantsLocalCopies } from "../task-manager/open-local-copies.ts";
import { preloadRuntime } from "../artifact/runtime-modules.ts";
import type { StandardStreams } from "../job-manager/job-master/standard-streams.ts";
import type { LocalJob } from "./local-job.ts";
import { localJob } from "./local-job.ts";
import { restoreJob } from "./restore-job.ts";
import type { RestoreFrom } from "./restore-job.ts";
import { startJob } from "./start-job.ts";
import { threadsAhead } from "./threads-ahead.ts";
import { WorkerSlots } from "./worker-slots.ts";

/** How a job module is built. */
export interface PlanOptions {
  /** Wins over all settings; undefined: what they say, or one for each core of the machine. */
  readonly parallelism: number | undefined;
  /** The job's own arguments: `["--input", "data.csv"]`; or by name. */
  readonly args: readonly string[] | Readonly<Record<string, unknown>>;
  /** Parsed settings; they win over the program's. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** How a job module runs in this process. */
export interface ModuleOptions extends PlanOptions {
  readonly streams: StandardStreams;
  /** What the job starts from; undefined: what its settings say, or nothing. */
  readonly restoreFrom?: RestoreFrom | undefined;
  /** Whether nobody takes what collect sinks hand over: then jobs that have such are refused. Default false. */
  readonly unattended?: boolean;
  log(level: "info" | "warn" | "error", message: string): void;
}

/** A job module with its graphs, not started. */
export interface PlannedModule extends BuiltJob {
  readonly program: JobProgram;
}

/** Imports a job's module; builds nothing. */
export async function loadModule(moduleUrl: string): Promise<JobProgram> {
  const artifact = await bundleJob(moduleUrl);
  try {
    return await loadJob(artifact);
  } finally {
    await artifact.dispose();
  }
}

/** Imports a job's module and builds its graphs. */
export async function planModule(moduleUrl: string, options: PlanOptions): Promise<PlannedModule> {
  const program = await loadModule(moduleUrl);
  return { ...buildModule(program, options), program };
}

/**
 * Runs a job module in worker threads of this process. Threads start while the module is bundled.
 *
 * @throws MillraceError for a module that isn't a job's, for wrong arguments, and for what the program refuses itself
 */
export async function startModule(moduleUrl: string, options: ModuleOptions): Promise<LocalJob> {
  return launch(options, bundleJob(moduleUrl, loadRuntime), loadJob);
}

/** Runs a job that this thread has imported already; its module is bundled for the slots all the same. */
export async function startProgram(program: JobProgram, options: ModuleOptions): Promise<LocalJob> {
  return launch(options, bundleJob(program.url), async () => program);
}

/** Runs a job whose module was bundled and imported already. The bundle belongs to the job from now on. */
export async function startArtifact(
  artifact: JobArtifact,
  program: JobProgram,
  options: ModuleOptions,
): Promise<LocalJob> {
  return launch(options, Promise.resolve(artifact), async () => program);
}

/** The job's module will import it; what fails here fails again then. */
function loadRuntime(): void {
  preloadRuntime().catch(() => {});
}

/** What killed processes have left is removed when a job has been going on for so long, ms: nobody waits for it then. */
const TIDY_AFTER = 10_000;

async function launch(
  options: ModuleOptions,
  bundling: Promise<JobArtifact>,
  load: (artifact: JobArtifact) => Promise<JobProgram>,
): Promise<LocalJob> {
  const clock: Clock = new SystemClock();
  const slots = new WorkerSlots();
  let artifact: JobArtifact | undefined;
  const tidying = clock.schedule(TIDY_AFTER, () => void removeLeftOverFolders());
  const release = async (): Promise<void> => {
    tidying.cancel();
    await slots.close();
    await slots.localBackups?.close();
    await artifact?.dispose();
    await removeLeftOverFolders();
  };
  try {
    slots.prepare(threadsAhead(options.parallelism, options.config));
    artifact = await bundling;
    const log: ModuleOptions["log"] = (level, message) => options.log(level, message);
    const first = buildModule(await load(artifact), options);
    if (options.unattended === true) refuseCollecting(first.streamGraph);
    const { built, restore } = await restoreJob(first, options.restoreFrom, log);
    if (wantsLocalCopies(built.config)) slots.localBackups = await openLocalBackups(built.config, clock);
    const master = await startJob({
      ...built,
      program: { kind: "module", url: artifact.url, originalUrl: artifact.originalUrl },
      clock,
      streams: options.streams,
      packed: false,
      slots,
      restore,
      log,
    });
    slots.dropSpare();
    return localJob(master, built, release);
  } catch (error) {
    await release();
    throw error;
  }
}

/** Builds the graphs of a job. @throws as `planModule` */
export function buildModule(program: JobProgram, { parallelism, args, config }: PlanOptions): BuiltJob {
  return buildJob(program, {
    args: { ...(isList(args) ? { argv: args } : { values: args }), resolvePath: (path) => resolve(path) },
    config: parallelism === undefined ? config : { ...config, [PARALLELISM.key]: parallelism },
  });
}

const isList = (args: PlanOptions["args"]): args is readonly string[] => Array.isArray(args);
