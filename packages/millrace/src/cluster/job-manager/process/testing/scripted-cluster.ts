import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";
import type { JobId } from "../../../../common/ids/ids.ts";
import { artifactHeaderLine } from "../../../../protocol/cluster/artifact-header.ts";
import { loadClusterConfiguration } from "../../../configuration/load-cluster-configuration.ts";
import { engineVersion } from "../../../engine-version.ts";
import { bareRun } from "../../dispatcher/bare-run.ts";
import { startJobManager, type JobManager, type StartJobManagerOptions } from "../start-job-manager.ts";
import { ScriptedJobMaster } from "./scripted-job-master.ts";

/** Waits as long as a busy machine may need. */
export const until = <T>(condition: () => T): Promise<NonNullable<Awaited<T>>> =>
  vi.waitUntil(condition, { timeout: 60_000, interval: 10 }) as Promise<NonNullable<Awaited<T>>>;

/** Settings of a JobManager whose jobs outlive it. */
export const durable = (folder: string): readonly string[] => [
  "high-availability.type=filesystem",
  `high-availability.storageDir=${join(folder, "ha")}`,
];

/** Starts a JobManager whose jobs run in scripted threads, which come to `masters`; its files are in `folder`. */
export async function startScripted(
  folder: string,
  masters: ScriptedJobMaster[],
  more: readonly string[],
  options: StartJobManagerOptions = {},
): Promise<JobManager> {
  const configuration = await loadClusterConfiguration({
    env: {},
    dynamic: [
      "jobmanager.rpc.port=0",
      "rest.port=0",
      `io.tmp.dirs=${join(folder, "tmp")}`,
      `env.log.dir=${join(folder, "log")}`,
      "heartbeat.interval=50 ms",
      // Nobody is given up here because the machine is busy.
      "heartbeat.timeout=10 min",
      "web.timeout=10 min",
      ...more,
    ],
  });
  return startJobManager(configuration, {
    console: false,
    ...options,
    spawn: (name) => {
      const master = new ScriptedJobMaster(name);
      masters.push(master);
      return master;
    },
  });
}

/** JobManagers of one cluster, one after the other, whose jobs run in scripted threads. */
export class ScriptedCluster {
  readonly folder: string;
  /** The threads of jobs, in the order in which they were started. */
  readonly masters: ScriptedJobMaster[] = [];
  readonly #managers: JobManager[] = [];

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(): Promise<ScriptedCluster> {
    return new ScriptedCluster(await mkdtemp(join(tmpdir(), "millrace-jm-")));
  }

  /** Starts a JobManager with high availability. */
  async start(...more: readonly string[]): Promise<JobManager> {
    const manager = await startScripted(this.folder, this.masters, [...durable(this.folder), ...more]);
    this.#managers.push(manager);
    return manager;
  }

  /** The thread that was started as the `count`th, which has its task. */
  async master(count: number): Promise<ScriptedJobMaster> {
    await until(() => this.masters.length >= count);
    const master = this.masters[count - 1] as ScriptedJobMaster;
    await master.task;
    return master;
  }

  /** Submits a job with these settings, and lets it run in the thread that comes next. */
  async runJob(
    { gateway }: JobManager,
    id: JobId,
    config: Readonly<Record<string, unknown>>,
  ): Promise<ScriptedJobMaster> {
    const path = join(this.folder, "upload.mjs");
    const header = { engineVersion: engineVersion(), originalUrl: "file:///jobs/count.ts", jobName: "count" };
    await writeFile(path, `${artifactHeaderLine(header)}export default 1;`);
    const { id: artifactId } = await gateway.addArtifact({ path, name: "count.mjs" });
    const next = this.masters.length + 1;
    const running = gateway.run({ ...bareRun(artifactId), jobId: id });
    const master = await this.master(next);
    master.built({}, config);
    await running;
    master.runs();
    return master;
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#managers.map((manager) => manager.close()));
    // What was begun when the last one was closed may still be written.
    await rm(this.folder, { recursive: true, force: true, maxRetries: 10 });
  }
}
