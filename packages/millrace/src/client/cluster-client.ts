import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { MillraceError } from "../common/errors/millrace-error.ts";
import type { ConfigEntries, DashboardConfig, LogList, Overview } from "../protocol/rest/cluster.ts";
import type { JarList, JarPlan, JarRunRequest, JarUpload, RunResponse } from "../protocol/rest/jars.ts";
import type { JobsOverview } from "../protocol/rest/jobs.ts";
import type { OperationStatus, TriggerResponse } from "../protocol/rest/operations.ts";
import type { TaskManagerDetails, TaskManagers } from "../protocol/rest/task-managers.ts";
import type { ConnectOptions } from "./connect-options.ts";
import { RestConnection } from "./http/rest-connection.ts";
import { uploadBody } from "./http/upload-body.ts";
import { failureOf } from "./job/job-results.ts";
import { jobLost } from "./job/lost.ts";
import { SubmittedJob } from "./job/submitted-job.ts";
import { poll } from "./poll.ts";
import { externalPackages } from "./submit-options.ts";
import type { BundleModule, JobArtifact, RunOptions, SubmitOptions } from "./submit-options.ts";

/** A job in the list of all. */
export type ListedJob = JobsOverview["jobs"][number];
/** A TaskManager in the list of all. */
export type ListedTaskManager = TaskManagers["taskmanagers"][number];
/** A log file of a process. */
export type ListedLog = LogList["logs"][number];

/** Which part of a log is read. */
export interface LogRange {
  /** The first byte. Default: 0. Negative: so many bytes before the end. */
  readonly from?: number;
}

/** Uploads may take so much longer than other requests. */
const UPLOAD_FACTOR = 10;

/**
 * A cluster, seen from outside. Nothing is connected before something is asked for; nothing keeps the process alive.
 *
 * All methods throw MillraceError: CLUSTER_UNREACHABLE where no JobManager answers, NOT_AUTHORIZED without the token or where an operation is
 * turned off, else what each method says.
 */
export class ClusterClient {
  readonly #rest: RestConnection;
  readonly #bundle: BundleModule;
  readonly #timeout: number;

  /** @internal */
  constructor(options: ConnectOptions, bundle: BundleModule) {
    this.#rest = new RestConnection(options);
    this.#bundle = bundle;
    this.#timeout = options.timeout ?? 60_000;
  }

  /** Where the REST API is: "http://localhost:8081". */
  get address(): string {
    return this.#rest.url.href.replace(/\/$/u, "");
  }

  /** @internal As `ConnectOptions.patience`. */
  get patience(): number {
    return this.#rest.patience;
  }

  /** The cluster in numbers. */
  overview(): Promise<Overview> {
    return this.#get("/overview");
  }

  /** What the cluster's engine calls itself: "millrace 0.1.0". */
  async engineVersion(): Promise<string> {
    return (await this.#get<DashboardConfig>("/config"))["flink-version"];
  }

  /** The JobManager's settings as text, secrets redacted. */
  async config(): Promise<Readonly<Record<string, string>>> {
    const entries = await this.#get<ConfigEntries>("/jobmanager/config");
    return Object.fromEntries(entries.map(({ key, value }) => [key, value]));
  }

  /** All jobs that are remembered, the running ones among them. */
  async jobs(): Promise<readonly ListedJob[]> {
    return (await this.#get<JobsOverview>("/jobs/overview")).jobs;
  }

  /** A job by its id. Asks nobody: whether there is one, its methods tell. */
  job(id: string): SubmittedJob {
    return new SubmittedJob(this.#rest, id);
  }

  async taskManagers(): Promise<readonly ListedTaskManager[]> {
    return (await this.#get<TaskManagers>("/taskmanagers")).taskmanagers;
  }

  /** @throws NOT_FOUND */
  taskManager(id: string): Promise<TaskManagerDetails> {
    return this.#get(`/taskmanagers/${encodeURIComponent(id)}`);
  }

  /**
   * Bundles a job's module, brings it to the cluster and runs it. Settles when the job is accepted: built, checked against what it starts
   * from, recorded.
   *
   * @param job path or URL of the module, or what `bundle` made of it
   * @throws JOB_MODULE_INVALID for a module that can't be bundled or built, VERSION_MISMATCH for a cluster of another version (before anything
   *   is sent), RESTORE_REFUSED, SAVEPOINT_NOT_FOUND, INVALID_OPTION, UNKNOWN_OPTION, INVALID_GRAPH, INVALID_ARGUMENT;
   *   JOB_LOST when the JobManager was started anew meanwhile, without high availability
   */
  async submit(job: string | URL | JobArtifact, options: SubmitOptions = {}): Promise<SubmittedJob> {
    const artifact = isArtifact(job) ? job : await this.bundle(job, { externals: externalPackages(options) });
    await this.#checkVersion(artifact);
    const id = await this.upload(artifact, options.signal);
    const jobId = options.jobId ?? freshJobId();
    try {
      return await this.run(id, { ...options, jobId });
    } catch (error) {
      if (!MillraceError.is(error, "NOT_FOUND") || error.details["path"] !== runPath(id)) throw error;
      // It was there a moment ago. Whether the one who had it ran the job before it went, nobody knows.
      throw jobLost(jobId, this.address, error);
    } finally {
      // The job keeps its own copy: what is left would only fill the list.
      await this.removeArtifact(id).catch(() => {});
    }
  }

  /** Makes an artifact of a job's module; runs nothing of it. @throws JOB_MODULE_INVALID */
  async bundle(
    module: string | URL,
    { externals }: Pick<SubmitOptions, "externals"> = {},
  ): Promise<JobArtifact> {
    const url =
      typeof module !== "string"
        ? module.href
        : module.startsWith("file:")
          ? module
          : pathToFileURL(resolve(module)).href;
    return this.#bundle(url, externals === undefined ? {} : { externals });
  }

  /** Brings an artifact to the cluster, under a name of its own. @returns its id */
  async upload({ name, bytes }: JobArtifact, signal?: AbortSignal): Promise<string> {
    const unique = `${name.replace(/\.mjs$/u, "")}-${randomBytes(4).toString("hex")}.mjs`;
    const { filename } = await this.#rest.json<JarUpload>({
      method: "POST",
      path: "/jars/upload",
      body: uploadBody(unique, bytes),
      timeout: this.#timeout * UPLOAD_FACTOR,
      // The same bytes under the same name are one upload.
      repeatable: true,
      patient: true,
      signal,
    });
    return filename.slice(filename.lastIndexOf("/") + 1);
  }

  /**
   * Runs the job of an artifact that was uploaded. The job has an id before anybody is asked, so that it runs once, however often the request
   * must be made because its answer was lost.
   *
   * @throws NOT_FOUND, CONFLICT when `jobId` is that of another job, and as `submit`
   */
  async run(artifactId: string, options: RunOptions = {}): Promise<SubmittedJob> {
    const { jobid } = await this.#rest.json<RunResponse>({
      method: "POST",
      path: runPath(artifactId),
      json: runRequest({ ...options, jobId: options.jobId ?? freshJobId() }),
      repeatable: true,
      patient: true,
      signal: options.signal,
    });
    return new SubmittedJob(this.#rest, jobid, true);
  }

  /** The plan of an artifact's job, as `millrace info --json` prints it. @throws NOT_FOUND, and as `submit` */
  async plan(artifactId: string, options: RunOptions = {}): Promise<unknown> {
    const { jobId: _job, restore: _restore, ...plain } = options;
    const request = runRequest(plain);
    const { details } = await this.#rest.json<JarPlan>({
      method: "POST",
      path: `/jars/${encodeURIComponent(artifactId)}/plan`,
      json: request,
      signal: options.signal,
    });
    return details;
  }

  /** Artifacts that were uploaded and not removed. */
  async artifacts(): Promise<JarList["files"]> {
    return (await this.#get<JarList>("/jars")).files;
  }

  /** Jobs that run from it go on. @throws NOT_FOUND */
  async removeArtifact(id: string): Promise<void> {
    await this.#rest.json({ method: "DELETE", path: `/jars/${encodeURIComponent(id)}` });
  }

  /** Removes a savepoint's files, as the JobManager sees them. @throws SAVEPOINT_NOT_FOUND, CHECKPOINT_CORRUPT */
  async disposeSavepoint(path: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const { "request-id": id } = await this.#rest.json<TriggerResponse>({
      method: "POST",
      path: "/savepoint-disposal",
      json: { "savepoint-path": path, triggerId: randomBytes(16).toString("hex") },
      repeatable: true,
      patient: true,
      signal,
    });
    await poll(
      this.#rest.clock,
      async () => {
        const { status, operation } = await this.#get<OperationStatus>(`/savepoint-disposal/${id}`);
        if (status.id === "IN_PROGRESS") return undefined;
        const failure = operation?.["failure-cause"];
        if (failure !== undefined) throw failureOf(failure, "CHECKPOINT_STORAGE_FAILED");
        return true;
      },
      { signal, patience: this.#rest.patience },
    );
  }

  /** Log files of the JobManager, or of a TaskManager. @throws NOT_FOUND */
  async logs(taskManager?: string): Promise<readonly ListedLog[]> {
    return (await this.#get<LogList>(`${processPath(taskManager)}/logs`)).logs;
  }

  /**
   * A log of the JobManager, or of a TaskManager.
   *
   * @param name one of `logs`. Default: the newest log
   * @returns its bytes from `from` on; empty where there are none yet
   * @throws NOT_FOUND
   */
  async log({
    name,
    taskManager,
    from = 0,
  }: LogRange & { readonly name?: string; readonly taskManager?: string } = {}): Promise<Uint8Array> {
    const file = name === undefined ? "/log" : `/logs/${encodeURIComponent(name)}`;
    const range = from < 0 ? `bytes=${from}` : `bytes=${from}-`;
    try {
      const { bytes } = await this.#rest.send({
        method: "GET",
        path: `${processPath(taskManager)}${file}`,
        ...(from === 0 ? {} : { headers: { range } }),
      });
      return bytes;
    } catch (error) {
      // Nothing lies behind that byte.
      if (MillraceError.is(error) && error.details["status"] === 416) return new Uint8Array();
      throw error;
    }
  }

  /** Ends the cluster: its jobs are cancelled or, with high availability, come back with the next JobManager. */
  async shutDown(): Promise<void> {
    await this.#rest.json({ method: "DELETE", path: "/cluster" });
  }

  /** Closes connections that are kept for the next request. */
  close(): void {
    this.#rest.close();
  }

  async #checkVersion({ header }: JobArtifact): Promise<void> {
    const version = await this.engineVersion();
    if (version === header.engineVersion) return;
    throw new MillraceError(
      "VERSION_MISMATCH",
      `the cluster at ${this.address} runs ${version}, this client is ${header.engineVersion}`,
      { help: "Use the client of the cluster's version, or upgrade the cluster." },
    );
  }

  #get<T>(path: string): Promise<T> {
    return this.#rest.json<T>({ method: "GET", path });
  }
}

const freshJobId = (): string => randomBytes(16).toString("hex");
const runPath = (artifactId: string): string => `/jars/${encodeURIComponent(artifactId)}/run`;

const isArtifact = (job: string | URL | JobArtifact): job is JobArtifact =>
  typeof job !== "string" && !(job instanceof URL);

const processPath = (taskManager: string | undefined): string =>
  taskManager === undefined ? "/jobmanager" : `/taskmanagers/${encodeURIComponent(taskManager)}`;

function runRequest({ args, parallelism, config = {}, restore, jobId }: RunOptions): JarRunRequest {
  return {
    ...(args === undefined
      ? {}
      : Array.isArray(args)
        ? { programArgsList: [...(args as readonly string[])] }
        : { args: { ...args } }),
    ...(parallelism === undefined ? {} : { parallelism }),
    ...(jobId === undefined ? {} : { jobId }),
    flinkConfiguration: Object.fromEntries(
      Object.entries(config).map(([key, value]) => [key, String(value)]),
    ),
    ...(restore === undefined
      ? {}
      : {
          savepointPath: restore.path,
          claimMode: restore.claimMode ?? "NO_CLAIM",
          allowNonRestoredState: restore.allowNonRestoredState ?? false,
        }),
  };
}
