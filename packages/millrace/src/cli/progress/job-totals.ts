import type { VertexId } from "../../common/ids/ids.ts";
import type { Timestamp } from "../../common/time/timestamps.ts";
import type { JobGraph, JobVertex } from "../../graph/job/job-graph.ts";
import type { TaskMetrics } from "../../runtime/task/task-metrics.ts";

/** What is needed of a job's graph to add its metrics up. */
export interface CountedGraph {
  readonly jobName: string;
  readonly vertices: readonly Pick<JobVertex, "id" | "name" | "parallelism">[];
  readonly edges: readonly Pick<JobGraph["edges"][number], "target">[];
}

/** What the subtasks of one vertex have done so far, together. Times in ms. */
export interface VertexTotals {
  readonly id: VertexId;
  readonly name: string;
  readonly parallelism: number;
  readonly source: boolean;
  readonly recordsIn: number;
  /** Sent to other vertices, and handed to sinks. */
  readonly recordsOut: number;
  readonly recordsToSinks: number;
  readonly recordsSkipped: number;
  readonly busyTime: number;
  readonly idleTime: number;
  readonly backPressuredTime: number;
  /** The lowest of the subtasks; -Infinity before any has one, Infinity when event time is complete. */
  readonly watermark: Timestamp;
  /** By subtask. */
  readonly subtasks: readonly TaskMetrics[];
}

/** What a whole job has done so far. */
export interface JobTotals {
  readonly vertices: readonly VertexTotals[];
  /** Read by the sources. */
  readonly recordsIn: number;
  /** Handed to the sinks. */
  readonly recordsOut: number;
  /** Skipped because they could not be processed. */
  readonly recordsSkipped: number;
  /**
   * How far event time is everywhere: the lowest watermark of the vertices that have one and still expect more; -Infinity where none has
   * one, Infinity where event time is complete.
   */
  readonly watermark: Timestamp;
  /** Dropped by windows and joins because they came too late. */
  readonly recordsLate: number;
}

/**
 * Adds up the metrics of a job's tasks.
 *
 * @param metrics - by execution id, `<vertex>/<subtask>#<attempt>`; of several attempts of a subtask the latest counts
 */
export function jobTotals(graph: CountedGraph, metrics: ReadonlyMap<string, TaskMetrics>): JobTotals {
  const latest = latestAttempts(metrics);
  const fed = new Set(graph.edges.map(({ target }) => target));
  const vertices = graph.vertices.map((vertex) => vertexTotals(vertex, !fed.has(vertex.id), latest));
  return {
    vertices,
    recordsIn: sum(
      vertices.filter(({ source }) => source),
      ({ recordsIn }) => recordsIn,
    ),
    recordsOut: sum(vertices, ({ recordsToSinks }) => recordsToSinks),
    recordsSkipped: sum(vertices, ({ recordsSkipped }) => recordsSkipped),
    watermark: jobWatermark(vertices),
    recordsLate: sum(vertices, lateRecords),
  };
}

/** By `<vertex>/<subtask>`. */
function latestAttempts(metrics: ReadonlyMap<string, TaskMetrics>): ReadonlyMap<string, TaskMetrics> {
  const latest = new Map<string, { readonly attempt: number; readonly task: TaskMetrics }>();
  for (const [execution, task] of metrics) {
    const mark = execution.lastIndexOf("#");
    const subtask = execution.slice(0, mark);
    const attempt = Number(execution.slice(mark + 1));
    const known = latest.get(subtask);
    if (known === undefined || known.attempt < attempt) latest.set(subtask, { attempt, task });
  }
  return new Map([...latest].map(([subtask, { task }]) => [subtask, task]));
}

function vertexTotals(
  vertex: CountedGraph["vertices"][number],
  source: boolean,
  metrics: ReadonlyMap<string, TaskMetrics>,
): VertexTotals {
  const { id, name, parallelism } = vertex;
  const subtasks: TaskMetrics[] = [];
  for (let subtask = 0; subtask < parallelism; subtask++) {
    const task = metrics.get(`${id}/${subtask}`);
    if (task !== undefined) subtasks.push(task);
  }
  const recordsToSinks = sum(subtasks, (task) => task.numRecordsToSinks);
  return {
    id,
    name,
    parallelism,
    source,
    recordsIn: sum(subtasks, (task) => task.numRecordsIn),
    recordsOut: sum(subtasks, (task) => task.numRecordsOut) + recordsToSinks,
    recordsToSinks,
    recordsSkipped: sum(subtasks, (task) => task.numRecordsSkipped),
    busyTime: sum(subtasks, (task) => task.busyTime),
    idleTime: sum(subtasks, (task) => task.idleTime),
    backPressuredTime: sum(subtasks, (task) => task.backPressuredTime),
    watermark: subtasks.length === 0 ? -Infinity : Math.min(...subtasks.map((task) => task.currentWatermark)),
    subtasks,
  };
}

function jobWatermark(vertices: readonly VertexTotals[]): Timestamp {
  const known = vertices.map(({ watermark }) => watermark).filter((watermark) => watermark !== -Infinity);
  return known.length === 0 ? -Infinity : Math.min(...known);
}

/** Operators count them as a metric of theirs, `<operator>.numLateRecordsDropped`. */
function lateRecords({ subtasks }: VertexTotals): number {
  return sum(subtasks, ({ user }) =>
    sum(Object.entries(user), ([name, value]) =>
      name.endsWith(".numLateRecordsDropped") && typeof value === "number" ? value : 0,
    ),
  );
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
