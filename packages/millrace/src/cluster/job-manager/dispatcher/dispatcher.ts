import { readFile, rm } from "node:fs/promises";
import { configValue } from "../../../common/config/configuration.ts";
import { SAVEPOINT_DIR } from "../../../common/config/options.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { jobId, type JobId } from "../../../common/ids/ids.ts";
import type { JobHistory } from "../../../protocol/cluster/job-history.ts";
import type {
  JobSubmission,
  ParallelismBounds,
  ResourceRequirements,
} from "../../../protocol/cluster/job-submission.ts";
import type { JobSummaryView, JobView } from "../../../protocol/cluster/job-view.ts";
import type { LogFile, ThreadDump } from "../../../protocol/cluster/resource-messages.ts";
import type {
  ArtifactView,
  DispatcherGateway,
  OperationView,
  RunRequest,
  TaskManagerView,
  TriggerRequest,
} from "./dispatcher-gateway.ts";
import type { DispatcherOptions } from "./dispatcher-options.ts";
import { bareRun } from "./bare-run.ts";
import { endedView, bareView, summaryOf } from "./jobs/job-views.ts";
import { clearCheckpoints } from "./jobs/clear-checkpoints.ts";
import { JobHost } from "./jobs/job-host.ts";
import type { FinalStatus } from "./jobs/job-host-options.ts";
import { endOf } from "./jobs/end-of.ts";
import { JobDescriptions } from "./jobs/job-descriptions.ts";
import { LatestWrite } from "./jobs/latest-write.ts";
import { describeJob, planJob } from "./jobs/plan-job.ts";
import { RememberedJobs } from "./jobs/remembered-jobs.ts";
import { resumeTask, type RunTask } from "./jobs/resume-task.ts";
import { runDigest } from "./jobs/run-digest.ts";
import { disposeSavepoint, redispose } from "./operations/dispose-savepoint.ts";
import { performOrder } from "./operations/perform-order.ts";
import { lostOperation, stoppedWith, type JobAfterwards } from "./operations/lost-operation.ts";
import { Operations, type OperationResult } from "./operations/operations.ts";
import { boundedView } from "./store/bounded-view.ts";
import type { StoredJob } from "./store/job-store.ts";
import { toEnvelope } from "../../../protocol/control/error-envelope.ts";

/** Patience with a job that does not answer when many are asked, in ms: it is shown as it was last. */
const LIST_PATIENCE = 2000;
/** How long jobs may take to end when they are cancelled because the cluster ends, in ms. */
const CANCEL_PATIENCE = 30_000;
/** How long jobs may take to let go, in ms. */
const SUSPEND_PATIENCE = 5000;
const SAVEPOINTS = "savepoint disposal";
const FORGOTTEN =
  "millrace list -a shows all that are known. Those that have ended are forgotten after jobstore.expiration-time, without high availability also with their JobManager.";

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
    const { log, store } = options;
    this.#remembered = new RememberedJobs(clock, settings.remembering, store.results, log);
    this.#descriptions = new JobDescriptions({
      clock,
      log: options.log,
      describe: ({ id: artifactId }) => this.#briefly("describe", describeJob, bareRun(artifactId)),
    });
    const expiration = settings.operations;
    this.#operations = new Operations({ clock, randomBytes, expiration, store: store.operations, log });
  }

  /** Starts every job that an earlier leader has left. Settles when the records are read, not when the jobs run. @throws CODEC_CORRUPT, FENCED */
  async recover(): Promise<void> {
    const { store, log, fileSystem, clock } = this.#options;
    this.#remembered.recover();
    const savepoints = new Map<JobId, string | undefined>();
    for (const job of store.jobs.recovered()) {
      const { jobId: id, artifact } = job.submission;
      savepoints.set(id, job.committing?.savepoint);
      store.artifacts.use(artifact.sha256);
      this.#records.set(id, job);
      const end = this.#remembered.get(id) ?? endOf(job, clock.now());
      if (end === undefined) {
        log("info", `recovering job ${id} (${job.settled.jobName})`);
        void this.#recoverJob(job);
      } else {
        log("info", `job ${id} (${job.settled.jobName}) had come to its end: ${end.status}`);
        const cleared = job.kept === true ? undefined : this.#clear(job, end.status as FinalStatus);
        const settled = this.#settle(end, job.submission, cleared);
        void settled.catch((error: unknown) => log("error", `job ${id}`, error));
      }
    }
    await this.#guard(store.artifacts.sweep());
    this.#operations.recover(async (operation) => {
      if (operation.kind === "dispose") return redispose(fileSystem, operation.path as string);
      const id = operation.subject as JobId;
      const view = this.#remembered.get(id);
      const savepoint = savepoints.get(id) ?? (view && stoppedWith(view));
      const afterwards: JobAfterwards =
        view !== undefined && !this.#unrecovered.has(id)
          ? { kind: "ended", view, savepoint }
          : { kind: this.#records.has(id) ? "goes on" : "unknown" };
      return lostOperation(operation, afterwards, fileSystem);
    });
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
    this.#checkOpen();
    const request = runDigest(run);
    if (run.jobId !== undefined && (await this.#repeated(run.jobId, request))) return run.jobId;
    const submission = { ...this.#submission(run), request };
    const { jobId: id, artifact } = submission;
    const { artifacts } = this.#options.store;
    artifacts.use(artifact.sha256);
    const started = this.#host(submission, artifact.originalUrl).start({
      kind: "run",
      submission,
      artifactUrl: artifacts.url(artifact.sha256),
      settled: undefined,
      epoch: this.#options.store.leadership.epoch,
      recovering: false,
      requirements: undefined,
      checkpointDirectory: this.#options.store.checkpoints,
    });
    // Who asks again finds it where it is recorded already, or it is begun anew.
    await started.catch((error: unknown) => {
      this.#checkOpen();
      throw error;
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
    if (view !== undefined) return view;
    this.#checkOpen();
    throw new MillraceError("NOT_FOUND", `no job ${id} is known`, { help: FORGOTTEN });
  }

  async cancel(id: JobId): Promise<void> {
    if (this.#unrecovered.has(id)) {
      await this.#guard(this.#forget(id));
      return;
    }
    const host = this.#running(id);
    // The next JobManager does not let it go on.
    await this.#record(id, { canceled: true }).catch((error: unknown) => {
      if (MillraceError.is(error, "FENCED")) throw error;
      this.#options.log("warn", `that job ${id} is cancelled can't be recorded`, error);
    });
    await host.cancel();
  }

  async trigger(id: JobId, order: TriggerRequest, chosen?: string): Promise<string> {
    const { kind } = order;
    const asked = { subject: id, kind, ...(kind === "stop" ? { drain: order.drain } : {}) };
    if (await this.#operations.repeated(asked, chosen)) return chosen as string;
    const host = this.#running(id);
    const config = this.#records.get(id)?.settled.config ?? {};
    const path = kind === "checkpoint" ? undefined : (order.directory ?? configValue(config, SAVEPOINT_DIR));
    return this.#guard(this.#operations.begin({ ...asked, path }, () => performOrder(host, order), chosen));
  }

  operation(id: JobId, trigger: string): OperationView {
    const known = this.#hosts.has(id) || this.#remembered.get(id) !== undefined;
    if (!known && !this.#operations.has(id, trigger)) this.#running(id);
    return this.#operations.get(id, trigger);
  }

  async requirements(id: JobId): Promise<Readonly<Record<string, ParallelismBounds>>> {
    return (await this.job(id)).requirements;
  }

  async setRequirements(id: JobId, requirements: ResourceRequirements): Promise<void> {
    const host = this.#running(id);
    await host.ready;
    await host.call({ method: "requirements", requirements });
    await this.#record(id, { requirements });
  }

  async dispose(path: string, chosen?: string): Promise<string> {
    const { fileSystem } = this.#options;
    const work = async (): Promise<OperationResult> => {
      await disposeSavepoint(fileSystem, path);
      return {};
    };
    const order = { subject: SAVEPOINTS, kind: "dispose", path } as const;
    return this.#guard(this.#operations.begin(order, work, chosen));
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
    this.#leave();
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
    this.#leave();
    for (const host of this.#hosts.values()) host.end("SUSPENDED", undefined);
  }

  #leave(): void {
    this.#closed = true;
    if (this.#options.durable) this.#operations.leave();
  }

  /** Where the bytes of an artifact are; undefined: there are none. */
  artifactPath(sha256: string): string | undefined {
    return this.#options.store.artifacts.path(sha256);
  }

  async #recoverJob(job: StoredJob): Promise<void> {
    const { submission, settled } = job;
    const { store, log, clock } = this.#options;
    let task: RunTask;
    try {
      task = resumeTask(job, store);
    } catch (error) {
      this.#unrecovered.add(submission.jobId);
      const view = bareView(submission, settled.jobName);
      this.#remembered.addForNow(endedView(view, "FAILED", clock.now(), toEnvelope(error)));
      log("error", `job ${submission.jobId} can't be recovered`, error);
      return;
    }
    const host = this.#host(submission, settled.jobName);
    try {
      await host.start(task);
      if (job.canceled === true) await host.cancel();
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
    const { clock, log, output, randomBytes, resources, settings, spawn, store } = this.#options;
    const { jobId: id } = submission;
    let recorded = this.#records.has(id);
    let started = false;
    const history = new LatestWrite<JobHistory>(
      (latest) => this.#record(id, { history: latest }),
      (error) => log("warn", `what job ${id} has been through can't be recorded`, error),
    );
    const host = new JobHost({
      submission,
      name,
      spawn: () => spawn(`job ${id}`),
      resources,
      clock,
      log,
      randomBytes,
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
      resume: () => resumeTask(this.#records.get(id) as StoredJob, store),
      recordHistory: (latest) => history.put(latest),
      recordCheckpoint: () => this.#record(id, { checkpointed: true }),
      recordCommit: (committing) => this.#record(id, { committing }),
      recordEnd: async (ended, end, kept) => {
        started = true;
        await this.#record(id, { ended, end: boundedView(end), kept });
      },
      clear: (status, settled) => this.#clear({ submission, settled }, status),
      onOver: (view, cleared) => {
        this.#hosts.delete(id);
        if (view.status === "SUSPENDED" || this.#closed) return;
        if (recorded && !started && view.status === "FAILED") {
          this.#unrecovered.add(id);
          this.#remembered.addForNow(view);
          return;
        }
        // Nobody was told of a job that could not even be built.
        const over =
          recorded || started ? this.#settle(view, submission, cleared) : this.#forget(id, submission);
        void over.catch((error: unknown) => log("error", `job ${id}`, error));
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

  /** Whether it is known that this was asked for under that id. Settles when that job runs. @throws CONFLICT for another job; as its start */
  async #repeated(id: JobId, request: string): Promise<boolean> {
    const host = this.#hosts.get(id);
    const record = this.#records.get(id)?.submission ?? host?.submission;
    const known = record ?? this.#remembered.result(id);
    if (known === undefined) return false;
    if (known.request !== undefined && known.request !== request) {
      throw new MillraceError("CONFLICT", `there is another job ${id} already`, {
        help: "Leave jobId out, and the job gets a fresh one. The same request again is answered by the job that there is.",
      });
    }
    if (!this.#records.has(id)) await host?.ready;
    return true;
  }

  /** The job is over: that is kept, before nothing else of it is. @param cleared whether nothing is left that its record is needed for */
  async #settle(view: JobView, submission: JobSubmission, cleared?: Promise<boolean>): Promise<void> {
    await this.#guard(this.#remembered.add({ view, request: submission.request }));
    if ((await cleared) ?? true) await this.#forget(view.jobId, submission);
  }

  /** Removes checkpoints of a job whose JobMaster has not lived to do it. */
  async #clear(
    { submission, settled }: Pick<StoredJob, "submission" | "settled">,
    status: FinalStatus,
  ): Promise<boolean> {
    const { epoch } = this.#options.store.leadership;
    return clearCheckpoints({ submission, settled, status, epoch }, this.#options);
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
    if (view !== undefined) {
      throw new MillraceError("CONFLICT", `job ${id} is over: ${view.status}`, {
        help: `millrace status ${id} shows how it ended.`,
      });
    }
    this.#checkOpen();
    throw new MillraceError("NOT_FOUND", `no job ${id} is known`, { help: FORGOTTEN });
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

  /** What is asked of a JobManager that ends is asked of the next one. */
  #checkOpen(): void {
    if (!this.#closed) return;
    throw new MillraceError("CLUSTER_UNREACHABLE", "the JobManager ends", { retryable: true });
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
