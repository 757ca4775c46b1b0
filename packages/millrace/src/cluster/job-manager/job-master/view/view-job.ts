import type { JobId } from "../../../../common/ids/ids.ts";
import type { ConfigOption } from "../../../../common/config/config-option.ts";
import { OPTIONS } from "../../../../common/config/options.ts";
import { describeSettings } from "../../../../common/config/secret-settings.ts";
import type { JobStatus } from "../../../../graph/execution/job-status.ts";
import type { JobGraph, JobVertex } from "../../../../graph/job/job-graph.ts";
import type { StreamGraph } from "../../../../graph/stream/stream-graph.ts";
import type { ParallelismBounds } from "../../../../protocol/cluster/job-submission.ts";
import type {
  AttemptView,
  CheckpointsView,
  JobView,
  RescaleView,
  SubtaskView,
  VertexView,
} from "../../../../protocol/cluster/job-view.ts";
import { streamNode } from "../../../../runtime/task/chain-layout.ts";
import type { ObservedAttempt } from "../job-observer.ts";
import type { Execution } from "../units/execution-table.ts";
import { subtaskKey } from "../units/subtask-key.ts";
import type { SubtaskKey } from "../units/subtask-key.ts";
import type { JobChronicle, PastAttempt } from "./job-chronicle.ts";
import type { FlinkMetrics, MetricRates } from "./metric-rates.ts";

/** What a view is made of. */
export interface JobFacts {
  readonly jobId: JobId;
  readonly jobGraph: JobGraph;
  readonly streamGraph: StreamGraph;
  readonly config: Readonly<Record<string, unknown>>;
  readonly status: JobStatus;
  /** ms since the epoch. */
  readonly startedAt: number;
  readonly endedAt: number | undefined;
  readonly restarts: number;
  readonly waiting: string | undefined;
  readonly chronicle: JobChronicle;
  readonly rates: MetricRates;
  /** Those at hand, or the last ones; none before the first. */
  readonly attempts: readonly ObservedAttempt[];
  readonly checkpoints: CheckpointsView;
  readonly rescales: readonly RescaleView[];
  readonly requirements: ReadonlyMap<string, ParallelismBounds>;
  /** The highest parallelism that each vertex can ever have. */
  readonly limits?: ReadonlyMap<string, number> | undefined;
}

/** A job as REST tells of it. Reads what is known, asks nobody. */
export function viewJob(facts: JobFacts): JobView {
  const { jobGraph, chronicle } = facts;
  const current = new Map<SubtaskKey, { readonly attempt: ObservedAttempt; readonly execution: Execution }>(
    facts.attempts.flatMap((attempt) =>
      attempt.executions.all.map((execution) => [execution.key, { attempt, execution }] as const),
    ),
  );
  const subtask = (vertex: JobVertex, index: number): SubtaskView => {
    const key = subtaskKey(vertex.id, index);
    const found = current.get(key);
    const earlier = chronicle.attempts(key);
    return {
      subtask: index,
      current:
        found === undefined
          ? pastView(earlier[0] ?? { attempt: 0, state: "CREATED", timestamps: {}, location: undefined })
          : currentView(found.attempt, found.execution, facts.rates.of(found.execution.id)),
      earlier: (found === undefined ? earlier.slice(1) : earlier).map(pastView),
    };
  };
  return {
    jobId: facts.jobId,
    name: jobGraph.jobName,
    status: facts.status,
    timestamps: chronicle.timestamps,
    startedAt: facts.startedAt,
    endedAt: facts.endedAt,
    maxParallelism: Math.max(...jobGraph.vertices.map(({ maxParallelism }) => maxParallelism)),
    restarts: facts.restarts,
    waiting: facts.waiting,
    vertices: jobGraph.vertices.map((vertex) => ({
      ...viewVertex(vertex, facts.streamGraph, subtask),
      limit: facts.limits?.get(vertex.id),
    })),
    edges: jobGraph.edges.map(({ source, target, partitioner }) => ({
      source,
      target,
      shipStrategy: partitioner.toUpperCase(),
    })),
    exceptions: chronicle.exceptions,
    checkpoints: facts.checkpoints,
    rescales: facts.rescales,
    config: visibleSettings(facts.config),
    requirements: Object.fromEntries(facts.requirements),
  };
}

function viewVertex(
  vertex: JobVertex,
  graph: StreamGraph,
  subtask: (vertex: JobVertex, index: number) => SubtaskView,
): VertexView {
  const { id, name, parallelism, maxParallelism, slotSharingGroup } = vertex;
  return {
    id,
    name,
    parallelism,
    maxParallelism,
    slotSharingGroup,
    operators: vertex.nodes.map((node) => {
      const { uid, name: operator, spec } = streamNode(graph, node);
      return { uid, name: operator, kind: spec.kind };
    }),
    subtasks: Array.from({ length: parallelism }, (_, index) => subtask(vertex, index)),
  };
}

function currentView(attempt: ObservedAttempt, execution: Execution, metrics: FlinkMetrics): AttemptView {
  const location = attempt.location(execution.slot);
  return {
    attempt: attempt.number,
    state: execution.machine.state,
    timestamps: { ...execution.timestamps },
    taskManagerId: location?.taskManagerId,
    endpoint: location?.endpoint,
    slotId: location?.slotId,
    metrics,
  };
}

const pastView = ({ attempt, state, timestamps, location }: PastAttempt): AttemptView => ({
  attempt,
  state,
  timestamps: { ...timestamps },
  taskManagerId: location?.taskManagerId,
  endpoint: location?.endpoint,
  slotId: location?.slotId,
  metrics: {},
});

/** Without what the engine keeps among the settings for itself. */
const visibleSettings = (config: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> =>
  describeSettings(
    Object.fromEntries(Object.entries(config).filter(([key]) => !key.startsWith("$"))),
    OPTIONS as readonly unknown[] as readonly ConfigOption[],
  );
