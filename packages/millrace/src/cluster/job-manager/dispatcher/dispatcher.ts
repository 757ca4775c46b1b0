import { readFile, rm } from "node:fs/promises";
import type { Clock } from "../../../common/clock/clock.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { jobId, type JobId } from "../../../common/ids/ids.ts";
import type {
  JobSubmission,
  ParallelismBounds,
  ResourceRequirements,
} from "../../../protocol/cluster/job-submission.ts";
import type { JobSummaryView, JobView } from "../../../protocol/cluster/job-view.ts";
import type { LogFile, ThreadDump } from "../../../protocol/cluster/resource-messages.ts";
import type { FileSystem } from "../../../runtime/checkpoint/storage/file-system.ts";
import type { LogFiles } from "../../logging/log-files.ts";
import type { Log } from "../../logging/log.ts";
import type { ResourceManager } from "../resource-manager/resource-manager.ts";
import type {
  ArtifactView,
  DispatcherGateway,
  OperationView,
  RunRequest,
  TaskManagerView,
  TriggerRequest,
} from "./dispatcher-gateway.ts";
import type { DispatcherSettings } from "./dispatcher-settings.ts";
import { bareRun } from "./bare-run.ts";
import { endedView, bareView, summaryOf } from "./jobs/job-views.ts";
import { JobHost, type FinalStatus } from "./jobs/job-host.ts";
import type { SpawnJobThread } from "./jobs/job-thread.ts";
import { endedCommitting } from "./jobs/ended-committing.ts";
import { JobDescriptions } from "./jobs/job-descriptions.ts";
import { describeJob, planJob } from "./jobs/plan-job.ts";
import { RememberedJobs } from "./jobs/remembered-jobs.ts";
import { disposeSavepoint } from "./operations/dispose-savepoint.ts";
import { Operations, type OperationResult } from "./operations/operations.ts";
import type { StoredJob } from "./store/job-store.ts";
import type { ClusterStore } from "./store/open-store.ts";
import { toEnvelope } from "../../../protocol/control/error-envelope.ts";

/** What the Dispatcher is given. */
export interface DispatcherOptions {
  readonly settings: DispatcherSettings;
  readonly store: ClusterStore;
  /** Whether jobs survive this process: high availability. */
  readonly durable: boolean;
  readonly resources: ResourceManager;
  readonly spawn: SpawnJobThread;
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly log: Log;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly output: (stream: "stdout" | "stderr", bytes: Uint8Array) => void;
  readonly engineVersion: string;
  /** This process's logs; undefined: there are none. */
  readonly logFiles: LogFiles | undefined;
  /** Another leads now: this process must stop at once. */
  readonly onFenced: (error: MillraceError) => void;
  /** The cluster is to end. */
  readonly onShutDown: () => void;
}

/** Patience with a job that does not answer when many are asked, in ms: it is shown as it was last. */
const LIST_PATIENCE = 2000;
/** How long jobs may take to end when they are cancelled because the cluster ends, in ms. */
const CANCEL_PATIENCE = 30_000;
/** How long jobs may take to let go, in ms. */
const SUSPEND_PATIENCE = 5000;
const SAVEPOINTS = "savepoint disposal";

/** Accepts jobs, hosts their JobMasters, recovers them, remembers them, and answers for all of that. */
export class Dispatcher implements DispatcherGateway {
  readonly startedAt: number;
  readonly engineVersion: string;
  readonly #options: DispatcherOptions;
  readonly #hosts = new Map<JobId, JobHost>();
  /** Records of jobs that run, as they were written last. */
  readonly #records = new Map<JobId, StoredJob>();
  /** Jobs that could not be started from their records, which are kept for the next JobManager. */
  readonly #unrecovered = new Set<JobId>();
  readonly #remembered: RememberedJobs;
  readonly #operations: Operations;
  readonly #descriptions: JobDescriptions;
  #closed = false;

  constructor(options: DispatcherOptions) {
    const { clock, settings, randomBytes, engineVersion } = options;
    this.#options = options;
    this.engineVersion = engineVersion;
    this.startedAt = clock.now();
    this.#remembered = new RememberedJobs(clock, settings.remembering);
    this.#descriptions = new JobDescriptions({
      clock,
      log: options.log,
      describe: ({ id: artifactId }) => this.#briefly("describe", describeJob, bareRun(artifactId)),
    });
    this.#operations = new Operations(clock, randomBytes, settings.operations);
  }

  /** Starts every job that an earlier leader has left. Settles when the records are read, not when the jobs run. @throws CODEC_CORRUPT, FENCED */
  async recover(): Promise<void> {
    const { store, log } = this.#options;
    for (const job of store.jobs.recovered()) {
      const { jobId: id, artifact } = job.submission;
      store.artifacts.use(artifact.sha256);
      if (job.ended !== undefined) {
        log("info", `job ${id} (${job.settled.jobName}) had come to its end: ${job.ended}`);
        await store.jobs.remove(id);
        await store.artifacts.release(artifact.sha256);
        continue;
      }
      if (job.committing !== undefined) {
        const error = endedCommitting(job);
        log("error", `job ${id} (${job.settled.jobName}) is not recovered`, error);
        const view = bareView(job.submission, job.settled.jobName);
        this.#remembered.add(endedView(view, "FAILED", this.#options.clock.now(), toEnvelope(error)));
        await store.jobs.remove(id);
        await store.artifacts.release(artifact.sha256);
        continue;
      }
      log("info", `recovering job ${id} (${job.settled.jobName})`);
      this.#records.set(id, job);
      void this.#recoverJob(job);
    }
  }

  async addArtifact(upload: { readonly path: string; readonly name: string }): Promise<ArtifactView> {
    this.#checkSubmit();
    try {
      const bytes = await readFile(upload.path);
      return await this.#guard(
        this.#options.store.artifacts.add(bytes, upload.name, this.#options.clock.now()),
      );
    } finally {
      await rm(upload.path, { force: true });
    }
  }

  async artifacts(): Promise<readonly ArtifactView[]> {
    const { all } = this.#options.store.artifacts;
    return this.#options.settings.submit ? this.#descriptions.complete(all, LIST_PATIENCE) : all;
  }

  async removeArtifact(id: string): Promise<void> {
    this.#checkSubmit();
    await this.#guard(this.#options.store.artifacts.remove(id));
  }

  async plan(run: RunRequest): Promise<unknown> {
    // The job's builder runs for it, as for a job.
    this.#checkSubmit();
    return this.#briefly("plan", planJob, run);
  }

  async run(run: RunRequest): Promise<JobId> {
    this.#checkSubmit();
    if (this.#closed) throw new MillraceError("CONFLICT", "the JobManager ends", { retryable: true });
    const submission = this.#submission(run);
    const { jobId: id, artifact } = submission;
    if (this.#hosts.has(id) || this.#remembered.get(id) !== undefined || this.#records.has(id)) {
      throw new MillraceError("CONFLICT", `there is a job ${id} already`, {
        help: "Leave jobId out, and the job gets a fresh one.",
      });
    }
    const { artifacts } = this.#options.store;
    artifacts.use(artifact.sha256);
    await this.#host(submission, artifact.originalUrl).start({
      kind: "run",
      submission,
      artifactUrl: artifacts.url(artifact.sha256),
      settled: undefined,
      epoch: this.#options.store.leadership.epoch,
      recovering: false,
      requirements: undefined,
      checkpointDirectory: this.#options.store.checkpoints,
    });
    return id;
  }

  async jobs(): Promise<readonly JobSummaryView[]> {
    const running = await Promise.all([...this.#hosts.values()].map((host) => host.view(LIST_PATIENCE)));
    const views = [...running, ...this.#remembered.all.filter(({ jobId: id }) => !this.#hosts.has(id))];
    return views.map(summaryOf).sort((a, b) => b.startedAt - a.startedAt);
  }

  async job(id: JobId): Promise<JobView> {
    const host = this.#hosts.get(id);
    if (host !== undefined) return host.view();
    const view = this.#remembered.get(id);
    if (view === undefined) throw new MillraceError("NOT_FOUND", `no job ${id} is known`);
    return view;
  }

  async cancel(id: JobId): Promise<void> {
    if (!this.#unrecovered.has(id)) return this.#running(id).cancel();
    await this.#guard(this.#forget(id));
  }

  async trigger(id: JobId, order: TriggerRequest): Promise<string> {
    const host = this.#running(id);
    return this.#operations.begin(id, order.kind, () => perform(host, order));
  }

  operation(id: JobId, trigger: string): OperationView {
    if (!this.#hosts.has(id) && this.#remembered.get(id) === undefined) this.#running(id);
    return this.#operations.get(id, trigger);
  }

  async requirements(id: JobId): Promise<Readonly<Record<string, ParallelismBounds>>> {
    return (await this.job(id)).requirements;
  }

  async setRequirements(id: JobId, requirements: ResourceRequirements): Promise<void> {
    await this.#running(id).call({ method: "requirements", requirements });
    await this.#record(id, { requirements });
  }

  async dispose(path: string): Promise<string> {
    const { fileSystem } = this.#options;
    return this.#operations.begin(SAVEPOINTS, "dispose", async () => {
      await disposeSavepoint(fileSystem, path);
      return {};
    });
  }

  disposal(trigger: string): OperationView {
    return this.#operations.get(SAVEPOINTS, trigger);
  }

  taskManagers(): readonly TaskManagerView[] {
    return this.#options.resources.taskManagers();
  }

  taskManager(id: string): TaskManagerView {
    const found = this.taskManagers().find(({ taskManagerId }) => taskManagerId === id);
    if (found === undefined) throw new MillraceError("NOT_FOUND", `no TaskManager ${id} is registered`);
    return found;
  }

  async taskManagerLogs(id: string): Promise<readonly LogFile[]> {
    return (await this.#options.resources.ask(id, { kind: "logs" })) as readonly LogFile[];
  }

  async taskManagerLog(id: string, name: string, offset: number, bytes: number): Promise<Uint8Array> {
    return (await this.#options.resources.ask(id, { kind: "log", name, offset, bytes })) as Uint8Array;
  }

  async taskManagerThreads(id: string): Promise<readonly ThreadDump[]> {
    return (await this.#options.resources.ask(id, { kind: "threadDump" })) as readonly ThreadDump[];
  }

  async taskManagerMetrics(id: string): Promise<Readonly<Record<string, number>>> {
    return (await this.#options.resources.ask(id, { kind: "metrics" })) as Readonly<Record<string, number>>;
  }

  async profile(job: JobId, vertex: string, subtask: number, durationMs: number): Promise<unknown> {
    const view = await this.job(job);
    const task = view.vertices
      .find(({ id }) => id === vertex)
      ?.subtasks.find((each) => each.subtask === subtask);
    if (task === undefined) {
      throw new MillraceError("NOT_FOUND", `job ${job} has no vertex ${vertex} with a subtask ${subtask}`);
    }
    const { taskManagerId, slotId } = task.current;
    const allocation = slotId === undefined ? undefined : this.#options.resources.allocationOf(job, slotId);
    if (taskManagerId === undefined || allocation === undefined) {
      throw new MillraceError(
        "CONFLICT",
        `subtask ${subtask} of ${vertex} runs in no slot now: ${task.current.state}`,
      );
    }
    const question = { kind: "profile", allocation, duration: durationMs } as const;
    return this.#options.resources.ask(taskManagerId, question, durationMs);
  }

  logs(): Promise<readonly LogFile[]> {
    return this.#options.logFiles?.list() ?? Promise.resolve([]);
  }

  async log(name: string, offset: number, bytes: number): Promise<Uint8Array> {
    const { logFiles } = this.#options;
    if (logFiles === undefined) throw new MillraceError("NOT_FOUND", "this JobManager writes no logs");
    return logFiles.read(name, offset, bytes);
  }

  async threads(): Promise<readonly ThreadDump[]> {
    const own = new Error("the event loop answers").stack ?? "";
    return [
      { threadName: "main", text: own },
      ...[...this.#hosts.values()].map(({ id, status }) => ({
        threadName: `job ${id}`,
        text: `thread of a JobMaster, ${status}`,
      })),
    ];
  }

  metrics(): Readonly<Record<string, number>> {
    const managers = this.taskManagers();
    const { heapUsed, heapTotal, rss, external } = process.memoryUsage();
    return {
      numRegisteredTaskManagers: managers.length,
      numRunningJobs: this.#hosts.size,
      taskSlotsTotal: managers.reduce((sum, { slots }) => sum + slots, 0),
      taskSlotsAvailable: managers.reduce((sum, { freeSlots }) => sum + freeSlots, 0),
      "Status.JVM.Memory.Heap.Used": heapUsed,
      "Status.JVM.Memory.Heap.Committed": heapTotal,
      "Status.JVM.Memory.Direct.MemoryUsed": external,
      "Status.Memory.Resident": rss,
    };
  }

  config(): Readonly<Record<string, string>> {
    return this.#options.settings.described;
  }

  async shutDown(): Promise<void> {
    this.#options.log("info", "the cluster is shut down");
    this.#options.onShutDown();
  }

  /**
   * Lets go of all jobs: with high availability the next JobManager goes on with them; without, they are cancelled, because nobody could.
   * Safe to call twice.
   */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const hosts = [...this.#hosts.values()];
    if (this.#options.durable) {
      await Promise.all(hosts.map((host) => host.suspend(SUSPEND_PATIENCE)));
    } else {
      const timer = this.#options.clock.schedule(CANCEL_PATIENCE, () => this.abandon());
      await Promise.all(
        hosts.map((host) =>
          host.cancel().then(
            () => host.over,
            () => {},
          ),
        ),
      );
      timer.cancel();
    }
    this.abandon();
    await Promise.all(hosts.map(({ over }) => over));
  }

  /** Ends the threads of all jobs at once, as they are; nothing is written. */
  abandon(): void {
    this.#closed = true;
    for (const host of this.#hosts.values()) host.end("SUSPENDED", undefined);
  }

  /** Where the bytes of an artifact are; undefined: there are none. */
  artifactPath(sha256: string): string | undefined {
    return this.#options.store.artifacts.path(sha256);
  }

  async #recoverJob(job: StoredJob): Promise<void> {
    const { submission, settled, requirements } = job;
    const { store, log, clock } = this.#options;
    let artifactUrl: string;
    try {
      artifactUrl = store.artifacts.url(submission.artifact.sha256);
    } catch (error) {
      this.#unrecovered.add(submission.jobId);
      const view = bareView(submission, settled.jobName);
      this.#remembered.add(endedView(view, "FAILED", clock.now(), toEnvelope(error)));
      log("error", `job ${submission.jobId} can't be recovered`, error);
      return;
    }
    const host = this.#host(submission, settled.jobName);
    try {
      await host.start({
        kind: "run",
        submission,
        artifactUrl,
        settled,
        epoch: store.leadership.epoch,
        recovering: true,
        requirements,
      });
    } catch (error) {
      if (this.#closed || host.status !== "FAILED") return;
      log(
        "error",
        `job ${submission.jobId} could not be recovered: the next JobManager tries it again`,
        error,
      );
    }
  }

  #host(submission: JobSubmission, name: string): JobHost {
    const { clock, log, output, resources, settings, spawn, store } = this.#options;
    const { jobId: id } = submission;
    let recorded = this.#records.has(id);
    let started = false;
    const host = new JobHost({
      submission,
      name,
      thread: spawn(`job ${id}`),
      resources,
      clock,
      log,
      output,
      timeout: settings.timeout,
      silence: settings.silence,
      record: async (settled) => {
        const record: StoredJob = { submission, settled, requirements: undefined, ended: undefined };
        // A recovered job's record says more than what it tells of itself.
        if (!recorded) {
          await this.#guard(store.jobs.put(record));
          this.#records.set(id, record);
        }
        recorded = true;
        started = true;
      },
      recordCommit: (committing) => this.#record(id, { committing }),
      recordEnd: async (ended: FinalStatus) => {
        started = true;
        await this.#record(id, { ended });
      },
      onOver: (view) => {
        this.#hosts.delete(id);
        if (view.status === "SUSPENDED" || this.#closed) return;
        // Nobody was told of a job that could not even be built.
        if (recorded || started) this.#remembered.add(view);
        if (recorded && !started && view.status === "FAILED") this.#unrecovered.add(id);
        else void this.#forget(id, submission).catch((error: unknown) => log("error", `job ${id}`, error));
      },
      onStarted: () => (started = true),
    });
    this.#hosts.set(id, host);
    return host;
  }

  /** Changes a job's record: what is said of it later takes nothing back. */
  async #record(id: JobId, change: Partial<StoredJob>): Promise<void> {
    const record = this.#records.get(id);
    if (record === undefined) return;
    const changed = { ...record, ...change };
    this.#records.set(id, changed);
    await this.#guard(this.#options.store.jobs.put(changed));
  }

  /** Nobody goes on with the job any more. */
  async #forget(id: JobId, submission = this.#records.get(id)?.submission): Promise<void> {
    const { jobs, artifacts } = this.#options.store;
    this.#unrecovered.delete(id);
    if (this.#records.delete(id)) await this.#guard(jobs.remove(id));
    if (submission !== undefined) await this.#guard(artifacts.release(submission.artifact.sha256));
  }

  /** Lets a thread of its own do something with a job that does not run. */
  async #briefly<T>(
    what: string,
    work: (...of: Parameters<typeof planJob>) => Promise<T>,
    run: RunRequest,
  ): Promise<T> {
    const submission = this.#submission(run);
    const { clock, spawn, settings, store } = this.#options;
    const { artifacts } = store;
    const { sha256 } = submission.artifact;
    artifacts.use(sha256);
    try {
      const thread = spawn(`${what} ${submission.jobId}`);
      return await work(thread, submission, artifacts.url(sha256), { clock, timeout: settings.timeout });
    } finally {
      await this.#guard(artifacts.release(sha256));
    }
  }

  #running(id: JobId): JobHost {
    const host = this.#hosts.get(id);
    if (host !== undefined) return host;
    const view = this.#remembered.get(id);
    throw view === undefined
      ? new MillraceError("NOT_FOUND", `no job ${id} is known`)
      : new MillraceError("CONFLICT", `job ${id} is over: ${view.status}`);
  }

  #submission(run: RunRequest): JobSubmission {
    const { store, settings, clock, randomBytes } = this.#options;
    return {
      jobId: run.jobId ?? jobId(randomBytes(16)),
      artifact: store.artifacts.reference(run.artifactId),
      args: run.args,
      config: { ...settings.jobDefaults, ...run.config },
      parallelism: run.parallelism,
      restore: run.restore,
      submittedAt: clock.now(),
    };
  }

  #checkSubmit(): void {
    if (this.#options.settings.submit) return;
    throw new MillraceError("NOT_AUTHORIZED", "this cluster takes no jobs by its REST API", {
      help: "web.submit.enable turns that on.",
    });
  }

  /** Whoever finds out that another leads lets everybody know. */
  async #guard<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (MillraceError.is(error, "FENCED")) this.#options.onFenced(error);
      throw error;
    }
  }
}

async function perform(host: JobHost, order: TriggerRequest): Promise<OperationResult> {
  const call = async (request: Parameters<JobHost["call"]>[0]): Promise<OperationResult> => {
    // As long as it takes: the checkpoint has a timeout of its own.
    const { path, checkpointId } = (await host.call(request, "none")) as {
      readonly path?: string;
      readonly checkpointId?: number;
    };
    return { location: path, checkpointId };
  };
  switch (order.kind) {
    case "checkpoint":
      return call({ method: "checkpoint" });
    case "savepoint":
      return call({ method: "savepoint", directory: order.directory });
    case "stop":
      return call({ method: "stop", directory: order.directory, drain: order.drain });
    // A stop: nothing may be committed between the savepoint and the end, or it would come twice.
    case "cancel with savepoint":
      return call({ method: "stop", directory: order.directory, drain: false, cancels: true });
  }
}
