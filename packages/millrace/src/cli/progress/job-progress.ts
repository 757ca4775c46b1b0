import type { Timestamp } from "../../common/time/timestamps.ts";
import type { TaskMetrics } from "../../runtime/task/task-metrics.ts";
import type { CheckpointProgress } from "./checkpoint-progress.ts";
import { jobTotals } from "./job-totals.ts";
import type { CountedGraph, JobTotals, VertexTotals } from "./job-totals.ts";

/** Rates are taken over at least this long, ms, so that they can be read while they change. */
const SPAN = 1500;
/** A vertex that waits for room more than this share of its time is shown as held back. */
const HELD_BACK = 0.5;

/** A vertex and the share of its time, from 0 to 1, that it spends on something; of the subtask where it is largest. */
export interface VertexShare {
  readonly name: string;
  readonly share: number;
}

/** How a job is getting on. */
export interface ProgressReport {
  readonly jobName: string;
  /** Wall-clock time of the report, ms. */
  readonly now: Timestamp;
  /** ms since the job was started. */
  readonly elapsed: number;
  readonly recordsIn: number;
  readonly recordsInPerSecond: number;
  readonly recordsOut: number;
  readonly recordsOutPerSecond: number;
  readonly recordsSkipped: number;
  readonly watermark: Timestamp;
  /** Where the work is; undefined while nothing works. */
  readonly busiest: VertexShare | undefined;
  /** The vertex that waits most for those after it, if that is more than half of its time. */
  readonly heldBack: VertexShare | undefined;
  readonly condition: JobCondition;
}

/** How a job stands with failures. */
export interface JobCondition {
  /** Whether it, or a part of it, waits for its restart after a failure. */
  readonly restarting: boolean;
  /** How often it, or a part of it, was started again. */
  readonly restarts: number;
  /** What it waits for, in words: "waiting for 4 slots, 2 are free for it, 31 s of 300 s". */
  readonly waiting?: string | undefined;
  /** undefined where none are taken. */
  readonly checkpoints: CheckpointProgress | undefined;
}

/** Nothing has failed, and there are no checkpoints. */
export const CALM: JobCondition = Object.freeze({ restarting: false, restarts: 0, checkpoints: undefined });

/** What happened up to some moment. */
interface Sample {
  /** Monotonic, ms. */
  readonly at: number;
  readonly totals: JobTotals;
}

/** Turns a job's metrics, as they are read now and then, into rates and shares over the last seconds. */
export class JobProgress {
  readonly #graph: CountedGraph;
  readonly #started: number;
  readonly #running: number;
  /** Oldest first: one that is at least SPAN old, and those after it. */
  #samples: Sample[] = [];

  /**
   * @param started when the job was started: monotonic, ms
   * @param running when it was deployed, which rates begin with
   */
  constructor(graph: CountedGraph, started: number, running: number) {
    this.#graph = graph;
    this.#started = started;
    this.#running = running;
  }

  /**
   * Takes a reading of all tasks' metrics.
   *
   * @param at monotonic time of the reading, ms
   * @param now wall-clock time of the reading, ms
   */
  take(
    metrics: ReadonlyMap<string, TaskMetrics>,
    at: number,
    now: Timestamp,
    condition: JobCondition = CALM,
  ): ProgressReport {
    const sample: Sample = { at, totals: jobTotals(this.#graph, metrics) };
    const base = this.#base(at);
    this.#samples.push(sample);
    const { totals } = sample;
    const seconds = (at - (base?.at ?? this.#running)) / 1000;
    const rate = (count: (of: JobTotals) => number): number =>
      seconds <= 0
        ? 0
        : Math.max(0, (count(totals) - (base === undefined ? 0 : count(base.totals))) / seconds);
    const busiest = largest(totals, base?.totals, (task) => task.busyTime);
    const heldBack = largest(totals, base?.totals, (task) => task.backPressuredTime);
    return {
      jobName: this.#graph.jobName,
      now,
      elapsed: at - this.#started,
      recordsIn: totals.recordsIn,
      recordsInPerSecond: rate((of) => of.recordsIn),
      recordsOut: totals.recordsOut,
      recordsOutPerSecond: rate((of) => of.recordsOut),
      recordsSkipped: totals.recordsSkipped,
      watermark: totals.watermark,
      busiest: busiest !== undefined && busiest.share > 0 ? busiest : undefined,
      heldBack: heldBack !== undefined && heldBack.share > HELD_BACK ? heldBack : undefined,
      condition,
    };
  }

  /** The sample to compare with: the youngest that is at least SPAN old, or the oldest there is. Drops those before it. */
  #base(at: number): Sample | undefined {
    const youngest = this.#samples.findLastIndex((sample) => at - sample.at >= SPAN);
    if (youngest > 0) this.#samples = this.#samples.slice(youngest);
    return this.#samples[0];
  }
}

function largest(
  now: JobTotals,
  before: JobTotals | undefined,
  time: (task: TaskMetrics) => number,
): VertexShare | undefined {
  let found: VertexShare | undefined;
  for (const vertex of now.vertices) {
    const earlier = before?.vertices.find(({ id }) => id === vertex.id);
    for (const [subtask, task] of vertex.subtasks.entries()) {
      const share = shareOf(task, earlierTask(vertex, earlier, subtask), time);
      if (found === undefined || share > found.share) found = { name: vertex.name, share };
    }
  }
  return found;
}

/** Subtasks line up by position unless one of the readings lacks some; then the vertex is compared with its beginning. */
function earlierTask(
  vertex: VertexTotals,
  earlier: VertexTotals | undefined,
  subtask: number,
): TaskMetrics | undefined {
  return earlier?.subtasks.length === vertex.subtasks.length ? earlier.subtasks[subtask] : undefined;
}

function shareOf(
  task: TaskMetrics,
  before: TaskMetrics | undefined,
  time: (task: TaskMetrics) => number,
): number {
  const spent = (of: (task: TaskMetrics) => number): number =>
    of(task) - (before === undefined ? 0 : of(before));
  const all = spent(({ busyTime, idleTime, backPressuredTime }) => busyTime + idleTime + backPressuredTime);
  return all <= 0 ? 0 : Math.max(0, spent(time) / all);
}
