import { randomBytes } from "node:crypto";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import type { CheckpointStats } from "../../protocol/rest/checkpoints.ts";
import type {
  JobConfig,
  JobDetails,
  JobExceptions,
  JobStatusInfo,
  Requirements,
} from "../../protocol/rest/jobs.ts";
import type { AggregatedMetrics, Metrics } from "../../protocol/rest/metrics.ts";
import type {
  CheckpointOperation,
  OperationStatus,
  TriggerResponse,
} from "../../protocol/rest/operations.ts";
import type { VertexTaskManagers } from "../../protocol/rest/vertices.ts";
import type { RestConnection } from "../http/rest-connection.ts";
import type { RestRequest } from "../http/rest-request.ts";
import { poll, type PollOptions } from "../poll.ts";
import { pause } from "../pause.ts";
import { failureOf, hasEnded, jobFailure } from "./job-results.ts";
import { jobLost, operationLost } from "./lost.ts";
import { rescaleJob, type RescaleOutcome } from "./rescale-job.ts";

/** Where tasks are that have no slot yet. */
const UNASSIGNED = "(unassigned)";

/** The states of a job in a cluster. */
export type ClusterJobStatus = JobDetails["state"];

/** How something that takes long is waited for. */
export interface WaitOptions {
  /** Ends the waiting, not what is waited for. */
  readonly signal?: AbortSignal;
}

/**
 * A job of a cluster. Nothing is kept here but its id: every method asks the cluster.
 *
 * All methods throw MillraceError: NOT_FOUND when the cluster does not know the job, JOB_LOST when it knows it no longer, CLUSTER_UNREACHABLE,
 * NOT_AUTHORIZED. What waits goes on while no JobManager answers, for `ConnectOptions.patience`: with high availability the next one goes on with
 * the job, and knows what was asked of it.
 *
 * @example
 * ```ts
 * import { connect } from "millrace/client";
 *
 * const cluster = connect({ address: "localhost:8081" });
 * const job = await cluster.submit("delays.ts", { parallelism: 4, args: { input: "flights.csv" } });
 * const savepoint = await job.savepoint("/srv/savepoints");
 * await job.cancel();
 * ```
 */
export class SubmittedJob {
  /** 32 hex digits. */
  readonly id: string;
  readonly #rest: RestConnection;
  /** Whether the cluster has known it. */
  #known: boolean;

  /** @internal */
  constructor(rest: RestConnection, id: string, known = false) {
    this.#rest = rest;
    this.id = id;
    this.#known = known;
  }

  async status(): Promise<ClusterJobStatus> {
    return (await this.#get<JobStatusInfo>("/status")).status;
  }

  /** Its vertices with their records and times, and what it waits for. */
  details(): Promise<JobDetails> {
    return this.#get("");
  }

  /** What has failed, the newest first. */
  exceptions(): Promise<JobExceptions> {
    return this.#get("/exceptions");
  }

  /** Ids of the TaskManagers that its tasks run on, or ran on last. One that is gone may be among them. */
  async taskManagers(): Promise<readonly string[]> {
    const { vertices } = await this.details();
    const found = await Promise.all(
      vertices.map(({ id }) =>
        this.#get<VertexTaskManagers>(`/vertices/${encodeURIComponent(id)}/taskmanagers`),
      ),
    );
    const ids = found.flatMap(({ taskmanagers }) => taskmanagers.map((each) => each["taskmanager-id"]));
    return [...new Set(ids)].filter((id) => id !== UNASSIGNED).toSorted();
  }

  /** Its checkpoints and savepoints. */
  checkpoints(): Promise<CheckpointStats> {
    return this.#get("/checkpoints");
  }

  /** Its settings, secrets redacted. */
  config(): Promise<JobConfig> {
    return this.#get("/config");
  }

  /** Metrics of the job, as text by name. @param names default: all */
  async metrics(names?: readonly string[]): Promise<Readonly<Record<string, string>>> {
    return this.#metrics("/metrics", names);
  }

  /** Metrics of a vertex, as text by `<subtask>.<name>`. @param names default: all */
  async vertexMetrics(vertex: string, names?: readonly string[]): Promise<Readonly<Record<string, string>>> {
    return this.#metrics(`/vertices/${encodeURIComponent(vertex)}/metrics`, names);
  }

  /** Metrics of a vertex over all its subtasks; those that are no numbers, or that nobody has told yet, are missing. */
  async aggregatedMetrics(
    vertex: string,
    names: readonly string[],
  ): Promise<
    Readonly<Record<string, { readonly min?: number; readonly max?: number; readonly sum?: number }>>
  > {
    const values = await this.#rest.json<AggregatedMetrics>({
      method: "GET",
      path: `${this.#path}/vertices/${encodeURIComponent(vertex)}/subtasks/metrics`,
      query: { get: names.join(","), agg: "min,max,sum" },
    });
    return Object.fromEntries(values.map(({ id, ...aggregates }) => [id, aggregates]));
  }

  /**
   * Asks the job to stop at once, without a savepoint. Settles when the cluster has taken it, which outlives the JobManager with high
   * availability; `waitForEnd` tells when it is done.
   *
   * @throws CONFLICT for one that has ended
   */
  async cancel(): Promise<void> {
    let again = false;
    await this.#wait(async () => {
      try {
        await this.#send({ method: "PATCH", path: this.#path, query: { mode: "cancel" } });
      } catch (error) {
        // The first request may have been taken, and only its answer lost.
        const done = again && MillraceError.is(error, "CONFLICT") && hasEnded(await this.status());
        again = true;
        if (!done) throw error;
      }
      return true;
    });
  }

  /**
   * Stops the job with a savepoint: what was read is processed and committed, and the job is FINISHED.
   *
   * @returns the savepoint's folder
   * @throws CHECKPOINT_FAILED, CHECKPOINT_EXPIRED, CHECKPOINT_STORAGE_FAILED: the job then goes on; CONFLICT for one that has ended;
   *   OPERATION_LOST when the JobManager died meanwhile: the message says whether the job goes on, and whether there is a savepoint
   */
  stop(
    options: WaitOptions & {
      /** Folder in which the savepoint makes its own. Default: the job's `execution.checkpointing.savepoint-dir`. */
      readonly directory?: string;
      /** Whether the input counts as ended for good: all windows and timers fire. Default: false. */
      readonly drain?: boolean;
    } = {},
  ): Promise<string> {
    const { directory, drain = false } = options;
    return this.#savepoint("stop", "/stop", { targetDirectory: directory ?? null, drain }, options);
  }

  /**
   * Takes a savepoint; the job goes on.
   *
   * @param directory folder in which the savepoint makes its own. Default: the job's `execution.checkpointing.savepoint-dir`
   * @returns the savepoint's folder
   * @throws as `stop`
   */
  savepoint(directory?: string, options: WaitOptions = {}): Promise<string> {
    return this.#savepoint("savepoint", "/savepoints", { "target-directory": directory ?? null }, options);
  }

  /** Takes a checkpoint now. @returns its number @throws CHECKPOINT_FAILED, CHECKPOINT_EXPIRED, CONFLICT, OPERATION_LOST */
  async checkpoint(options: WaitOptions = {}): Promise<number> {
    const trigger = await this.#trigger("/checkpoints", {}, options);
    return this.#wait(async () => {
      const { status, operation } = await this.#operation<CheckpointOperation>(
        "checkpoint",
        `/checkpoints/${trigger}`,
        options,
      );
      if (status.id === "IN_PROGRESS") return undefined;
      const { checkpointId = null, failureCause = null } = operation ?? {};
      if (failureCause !== null) throw failureOf(failureCause, "CHECKPOINT_FAILED");
      return checkpointId ?? 0;
    }, options);
  }

  /** What parallelism each vertex may have. */
  requirements(): Promise<Requirements> {
    return this.#get("/resource-requirements");
  }

  /**
   * Changes the parallelism while the job runs, and waits until it runs again.
   *
   * @param parallelism of all vertices, as far as each of them can; or by the id of vertices, the others staying
   * @returns the parallelism that each vertex had and has now; `unmet` says why one has less than was asked for
   * @throws INVALID_ARGUMENT for vertices that the job doesn't have, CONFLICT, what failed the change: the job then goes on as it was
   */
  rescale(
    parallelism: number | Readonly<Record<string, number>>,
    options: WaitOptions = {},
  ): Promise<RescaleOutcome> {
    return this.#explained(
      () => rescaleJob(this.#rest, this, this.#path, parallelism, options),
      options.signal,
    );
  }

  /**
   * Waits until the job has ended, however.
   *
   * @param options.interval how often it is asked for, ms. Default: growing up to 1 s
   */
  async waitForEnd(options: WaitOptions & PollOptions = {}): Promise<JobDetails> {
    return this.#wait(async () => {
      const status = (await this.#get<JobStatusInfo>("/status", options)).status;
      return hasEnded(status) ? this.details() : undefined;
    }, options);
  }

  /** Waits until the job has finished. @throws JOB_FAILED with the cause, JOB_CANCELED */
  async result(options: WaitOptions = {}): Promise<JobDetails> {
    const job = await this.waitForEnd(options);
    if (job.state === "CANCELED") {
      throw new MillraceError("JOB_CANCELED", `job "${job.name}" (${job.jid}) was cancelled`);
    }
    if (job.state === "FAILED") throw jobFailure(job, await this.#wait(() => this.exceptions(), options));
    return job;
  }

  /**
   * How the job gets on, again and again, until it has ended; the last one tells its end. A cluster that is silent for a while is waited for.
   *
   * @param options.interval ms. Default: 1000
   * @example `for await (const { state, vertices } of job.progress()) console.log(state, vertices[0]?.metrics["write-records"]);`
   */
  async *progress(
    options: WaitOptions & Pick<PollOptions, "onSilent"> & { readonly interval?: number } = {},
  ): AsyncGenerator<JobDetails, void, undefined> {
    const { interval = 1000, signal } = options;
    for (;;) {
      const details = await this.#wait(() => this.#get<JobDetails>("", options), options);
      yield details;
      if (hasEnded(details.state)) return;
      await pause(this.#rest.clock, interval, signal);
    }
  }

  get #path(): string {
    return `/jobs/${encodeURIComponent(this.id)}`;
  }

  #get<T>(path: string, { signal }: WaitOptions = {}): Promise<T> {
    return this.#send<T>({ method: "GET", path: `${this.#path}${path}`, signal });
  }

  #send<T>(request: RestRequest): Promise<T> {
    return this.#explained(() => this.#rest.json<T>(request), request.signal);
  }

  /** @throws JOB_LOST for a job that is known no longer */
  async #explained<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    try {
      const answer = await work();
      this.#known = true;
      return answer;
    } catch (error) {
      if (!this.#known || !MillraceError.is(error, "NOT_FOUND")) throw error;
      if (!(await this.#isGone(signal))) throw error;
      throw jobLost(this.id, this.#rest.url.origin, error);
    }
  }

  /** Whether it is the job that is not known, rather than a part of it. */
  async #isGone(signal: AbortSignal | undefined): Promise<boolean> {
    try {
      await this.#rest.json({ method: "GET", path: `${this.#path}/status`, signal });
      return false;
    } catch (error) {
      if (MillraceError.is(error, "NOT_FOUND")) return true;
      throw error;
    }
  }

  /** Asks until there is an answer, and as long as a JobManager may come back. */
  #wait<T>(ask: () => Promise<T | undefined>, options: PollOptions = {}): Promise<T> {
    return poll(this.#rest.clock, ask, { patience: () => this.#rest.patienceNow, ...options });
  }

  /** How something goes that was asked for. @throws OPERATION_LOST when the cluster knows nothing of it */
  async #operation<T>(what: string, path: string, options: WaitOptions): Promise<T> {
    try {
      return await this.#get<T>(path, options);
    } catch (error) {
      if (!MillraceError.is(error, "NOT_FOUND")) throw error;
      throw operationLost(what, this.id, await this.status(), error);
    }
  }

  async #metrics(path: string, names?: readonly string[]): Promise<Readonly<Record<string, string>>> {
    const listed = names ?? (await this.#get<Metrics>(path)).map(({ id }) => id);
    if (listed.length === 0) return {};
    const values = await this.#rest.json<Metrics>({
      method: "GET",
      path: `${this.#path}${path}`,
      query: { get: listed.join(",") },
    });
    return Object.fromEntries(values.map(({ id, value = "" }) => [id, value]));
  }

  async #savepoint(what: string, path: string, body: object, options: WaitOptions): Promise<string> {
    const trigger = await this.#trigger(path, body, options);
    return this.#wait(async () => {
      const { status, operation } = await this.#operation<OperationStatus>(
        what,
        `/savepoints/${trigger}`,
        options,
      );
      if (status.id === "IN_PROGRESS") return undefined;
      const failure = operation?.["failure-cause"];
      if (failure !== undefined) throw failureOf(failure, "CHECKPOINT_FAILED");
      return operation?.location ?? "";
    }, options);
  }

  /** Begins something under an id of our own, so that it is begun once however often the request is made. */
  async #trigger(path: string, body: object, { signal }: WaitOptions): Promise<string> {
    const triggerId = randomBytes(16).toString("hex");
    const answer = await this.#send<TriggerResponse>({
      method: "POST",
      path: `${this.#path}${path}`,
      json: { ...body, triggerId },
      repeatable: true,
      patient: true,
      signal,
    });
    return answer["request-id"];
  }
}
