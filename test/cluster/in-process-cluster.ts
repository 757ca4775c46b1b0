import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert, vi } from "vitest";
import { loadClusterConfiguration } from "../../packages/millrace/src/cluster/configuration/load-cluster-configuration.ts";
import { startJobManager } from "../../packages/millrace/src/cluster/job-manager/process/start-job-manager.ts";
import type { JobManager } from "../../packages/millrace/src/cluster/job-manager/process/start-job-manager.ts";
import { startTaskManager } from "../../packages/millrace/src/cluster/task-manager/process/start-task-manager.ts";
import type { RunningTaskManager } from "../../packages/millrace/src/cluster/task-manager/process/start-task-manager.ts";
import type { JobId } from "../../packages/millrace/src/common/ids/ids.ts";
import type { JobView } from "../../packages/millrace/src/protocol/cluster/job-view.ts";
import { bundleForCluster } from "./processes/bundle-for-cluster.ts";

/** How a job is run. */
export interface InProcessRun {
  readonly args?: readonly string[];
  readonly parallelism?: number;
  readonly config?: Readonly<Record<string, string>>;
}

/** A JobManager and TaskManagers in this process, which speak over real connections; jobs and slots are threads. */
export class InProcessCluster {
  readonly folder: string;
  readonly taskManagers = new Map<string, RunningTaskManager>();
  jobManager!: JobManager;
  readonly #settings: Readonly<Record<string, string>>;
  #rpcPort = 0;
  #uploads = 0;

  private constructor(folder: string, settings: Readonly<Record<string, string>>) {
    this.folder = folder;
    this.#settings = settings;
  }

  /** @param slots of each TaskManager: tm1, tm2 and so on */
  static async start(
    slots: readonly number[],
    settings: Readonly<Record<string, string>> = {},
  ): Promise<InProcessCluster> {
    const cluster = new InProcessCluster(await mkdtemp(join(tmpdir(), "millrace-in-")), settings);
    await cluster.startJobManager();
    for (const count of slots) await cluster.startTaskManager(count);
    return cluster;
  }

  async startJobManager(settings: Readonly<Record<string, string>> = {}): Promise<JobManager> {
    this.jobManager = await startJobManager(
      await this.#configuration({
        "rest.port": "0",
        "high-availability.storageDir": join(this.folder, "ha"),
        ...settings,
      }),
      { console: false },
    );
    this.#rpcPort = this.jobManager.rpcPort;
    return this.jobManager;
  }

  async startTaskManager(
    slots: number,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<RunningTaskManager> {
    const id = `tm${this.taskManagers.size + 1}`;
    const taskManager = await startTaskManager(
      await this.#configuration({
        "taskmanager.numberOfTaskSlots": String(slots),
        "taskmanager.resource-id": id,
        ...settings,
      }),
    );
    this.taskManagers.set(id, taskManager);
    await this.until(() => this.registered.includes(id), `${id} to be registered`);
    return taskManager;
  }

  /** The TaskManagers that the JobManager knows. */
  get registered(): readonly string[] {
    return this.jobManager.gateway.taskManagers().map(({ taskManagerId }) => taskManagerId);
  }

  /** Its vertices at this parallelism. @returns the job's id */
  async run(module: URL, { args = [], parallelism, config = {} }: InProcessRun = {}): Promise<JobId> {
    const { gateway } = this.jobManager;
    const { name, text } = await bundleForCluster(module);
    const path = join(this.folder, `upload-${++this.#uploads}.mjs`);
    await writeFile(path, text);
    const { id } = await gateway.addArtifact({ path, name });
    return gateway.run({
      artifactId: id,
      jobId: undefined,
      args: { argv: args },
      config,
      parallelism,
      restore: undefined,
    });
  }

  job(id: JobId): Promise<JobView> {
    return this.jobManager.gateway.job(id);
  }

  /** An answer of the REST API. */
  async get(path: string): Promise<unknown> {
    return (await fetch(`http://127.0.0.1:${this.jobManager.restPort}${path}`)).json();
  }

  /** Waits until a job is so, and every task of it runs, unless `view` says otherwise. */
  async reaches(id: JobId, view: (job: JobView) => boolean = allRun): Promise<JobView> {
    let last: JobView | undefined;
    await this.until(
      async () => view((last = await this.job(id))),
      () => `the job; it is ${JSON.stringify(last, undefined, 1)}`,
    );
    return last as JobView;
  }

  async until(condition: () => boolean | Promise<boolean>, what: string | (() => string)): Promise<void> {
    try {
      await vi.waitUntil(condition, { timeout: 60_000, interval: 20 });
    } catch (error) {
      assert.fail(`waited for ${typeof what === "string" ? what : what()}: ${String(error)}`);
    }
  }

  async close(): Promise<void> {
    await this.jobManager.close();
    await Promise.all([...this.taskManagers.values()].map((each) => each.close()));
    await rm(this.folder, { recursive: true, force: true });
  }

  #configuration(settings: Readonly<Record<string, string>>) {
    const all = {
      "jobmanager.rpc.port": String(this.#rpcPort),
      "io.tmp.dirs": join(this.folder, "tmp"),
      "env.log.dir": join(this.folder, "log"),
      // Who is lost is closed: nobody is taken for lost because the machine is busy.
      "heartbeat.timeout": "5 min",
      "taskmanager.registration.initial-backoff": "20 ms",
      "taskmanager.registration.max-backoff": "50 ms",
      ...this.#settings,
      ...settings,
    };
    return loadClusterConfiguration({
      env: {},
      dynamic: Object.entries(all).map(([key, value]) => `${key}=${value}`),
    });
  }
}

/** Whether every task of a job runs. */
export const allRun = ({ status, vertices }: JobView): boolean =>
  status === "RUNNING" &&
  vertices.every(({ subtasks }) => subtasks.every(({ current }) => current.state === "RUNNING"));

/** Where the subtasks of a job's first vertex run, in order. */
export const placesOf = ({ vertices }: JobView): readonly (string | undefined)[] =>
  vertices[0]?.subtasks.map(({ current }) => current.taskManagerId) ?? [];
