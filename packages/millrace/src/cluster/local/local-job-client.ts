import { createBatchCodec } from "../../common/codec/batch-codec.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import type { JobId } from "../../common/ids/ids.ts";
import type { JobStatus } from "../../graph/execution/job-status.ts";
import type { TypeInfo } from "../../common/types/type-info.ts";
import type { ResultBatch } from "../job-manager/job-master/client-results.ts";
import type { JobOutcome } from "../job-manager/job-master/job-master-options.ts";
import type { CheckpointStatistics } from "../job-manager/job-master/checkpoints/checkpoint-history.ts";
import type { LocalJob, StopWithSavepoint } from "./local-job.ts";

/** How a job ended; the API's JobResult. */
export interface LocalJobResult {
  readonly jobId: JobId;
  readonly jobName: string;
  readonly durationMs: number;
  readonly recordsIn: number;
  readonly recordsOut: number;
}

/** Metrics of one subtask; the API's SubtaskMetrics. */
export interface LocalSubtaskMetrics {
  readonly task: string;
  readonly subtask: number;
  readonly values: Readonly<Record<string, number | string | boolean>>;
}

/** A job of this process as the API's JobClient. */
export class LocalJobClient {
  readonly jobId: JobId;
  readonly jobName: string;
  readonly #job: LocalJob;
  readonly #ended: Promise<{ readonly outcome: JobOutcome; readonly durationMs: number }>;

  /** @param elapsed ms since the job was submitted */
  constructor(job: LocalJob, elapsed: () => number) {
    this.#job = job;
    this.jobId = job.jobId;
    this.jobName = job.jobName;
    this.#ended = job.done.then((outcome) => ({ outcome, durationMs: elapsed() }));
  }

  status(): JobStatus {
    return this.#job.status;
  }

  async cancel(): Promise<void> {
    this.#job.cancel();
    await this.#job.done;
  }

  async result(): Promise<LocalJobResult> {
    const { outcome, durationMs } = await this.#ended;
    if (outcome.status !== "FINISHED") throw this.#failure(outcome);
    const metrics = [...outcome.metrics];
    const fed = new Set<string>(this.#job.jobGraph.edges.map(({ target }) => target));
    const recordsIn = metrics.reduce(
      (sum, [id, task]) => (fed.has(vertexOf(id)) ? sum : sum + task.numRecordsIn),
      0,
    );
    const recordsOut = metrics.reduce((sum, [, task]) => sum + task.numRecordsToSinks, 0);
    return { jobId: this.jobId, jobName: this.jobName, durationMs, recordsIn, recordsOut };
  }

  async metrics(): Promise<readonly LocalSubtaskMetrics[]> {
    const names = new Map<string, string>(this.#job.jobGraph.vertices.map(({ id, name }) => [id, name]));
    return [...(await this.#job.metrics())].map(([execution, { user, ...values }]) => ({
      task: names.get(vertexOf(execution)) ?? "",
      subtask: subtaskOf(execution),
      values: { ...values, ...user },
    }));
  }

  async *collected(channel: string): AsyncGenerator<readonly unknown[], void, undefined> {
    const codec = createBatchCodec(this.#typeOf(channel), channel);
    const queue: ResultBatch[] = [];
    let wake = (): void => {};
    let left = false;
    let ended = false;
    this.#job.results.listen(channel, (batch) => {
      if (left) batch.taken();
      else queue.push(batch);
      wake();
    });
    void this.#ended.then(() => {
      ended = true;
      wake();
    });
    try {
      for (;;) {
        const batch = queue.shift();
        if (batch !== undefined) {
          const records = codec.decode(batch.batch);
          batch.taken();
          yield records;
        } else if (ended) break;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      // Nobody takes the rest: it must not hold back the job.
      left = true;
      for (const batch of queue.splice(0)) batch.taken();
    }
    const { outcome } = await this.#ended;
    if (outcome.status !== "FINISHED") throw this.#failure(outcome);
  }

  async triggerSavepoint(directory?: string): Promise<string> {
    return this.#job.triggerSavepoint(directory);
  }

  async stopWithSavepoint(options: StopWithSavepoint = {}): Promise<string> {
    return this.#job.stopWithSavepoint(options);
  }

  async triggerCheckpoint(): Promise<number> {
    return this.#job.triggerCheckpoint();
  }

  checkpoints(): CheckpointStatistics {
    return this.#job.checkpoints();
  }

  #typeOf(channel: string): TypeInfo<unknown> | undefined {
    for (const { spec } of this.#job.streamGraph.nodes) {
      if (spec.kind === "sink" && (spec.sink as { readonly channel?: unknown }).channel === channel)
        return spec.sink.type;
    }
    return undefined;
  }

  #failure({ status, error, givenUp }: JobOutcome): MillraceError {
    if (status === "CANCELED")
      return new MillraceError("JOB_CANCELED", `job "${this.jobName}" was cancelled`);
    return new MillraceError(
      "JOB_FAILED",
      `job "${this.jobName}" failed: ${error?.message ?? "for an unknown reason"}${givenUp === undefined ? "" : `\n  It was not started again: ${givenUp}.`}`,
      {
        cause: error,
        ...(MillraceError.is(error) && error.help !== undefined ? { help: error.help } : {}),
      },
    );
  }
}

/** The subtask of an execution id, `<vertex>/<subtask>#<attempt>`. */
const subtaskOf = (execution: string): number =>
  Number(execution.slice(execution.lastIndexOf("/") + 1, execution.lastIndexOf("#")));

/** The vertex of an execution id. */
const vertexOf = (execution: string): string => execution.slice(0, execution.lastIndexOf("/"));
