import { randomBytes } from "node:crypto";
import type { Clock } from "../../../../common/clock/clock.ts";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { JobView } from "../../../../protocol/cluster/job-view.ts";
import { isOver } from "../answers/job-answers.ts";
import type { OperationProgress } from "../answers/operation-answers.ts";

interface Wanted {
  readonly jobId: string;
  readonly parallelism: number;
  readonly at: number;
}

/** How many are remembered. */
const MAX_OPERATIONS = 1000;

/** Changes of parallelism that clients wait for. Of a thousand the oldest are forgotten first. */
export class RescaleOperations {
  readonly #clock: Clock;
  readonly #wanted = new Map<string, Wanted>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Called before the job is told. @returns the id to ask with */
  begin(jobId: string, parallelism: number): string {
    const id = randomBytes(16).toString("hex");
    this.#wanted.set(id, { jobId, parallelism, at: this.#clock.now() });
    const [oldest] = this.#wanted.keys();
    if (this.#wanted.size > MAX_OPERATIONS && oldest !== undefined) this.#wanted.delete(oldest);
    return id;
  }

  /** How it goes, as the job looks now. @throws NOT_FOUND */
  status(id: string, job: JobView): OperationProgress {
    const wanted = this.#wanted.get(id);
    if (wanted === undefined || wanted.jobId !== job.jobId) {
      throw new MillraceError("NOT_FOUND", `there is no change of parallelism ${id} of job ${job.jobId}`);
    }
    if (isOver(job.status)) return ended("CONFLICT", `job ${job.jobId} is ${job.status}`);
    const newest = job.rescales.find(({ startedAt }) => startedAt >= wanted.at);
    if (newest?.status === "FAILED")
      return ended("CONFLICT", newest.failure ?? "the parallelism could not be changed");
    if (isDone(wanted, job)) return DONE;
    if (newest?.status !== "COMPLETED") return { ...DONE, status: "IN_PROGRESS" };
    // It has changed as far as there were slots, or as vertices that are tied together let it.
    return newest.unmet === undefined ? DONE : ended("NO_SLOTS", newest.unmet);
  }
}

const DONE: OperationProgress = { status: "COMPLETED", location: undefined, failure: undefined };

const ended = (code: string, message: string): OperationProgress => ({
  ...DONE,
  failure: { code, message, stack: "" },
});

const isDone = ({ parallelism }: Wanted, { vertices }: JobView): boolean =>
  vertices.every((vertex) => vertex.parallelism === Math.min(parallelism, highestOf(vertex)));

/** The highest parallelism that a vertex can ever have. */
export const highestOf = ({ limit, maxParallelism }: JobView["vertices"][number]): number =>
  Math.min(limit ?? maxParallelism, maxParallelism);
