import type { SourceSplit } from "../../../common/connector/source.ts";
import type { OperatorUid } from "../../../common/ids/ids.ts";
import { keyGroupRange } from "../../../common/keys/key-groups.ts";
import type { JobGraph, JobVertex } from "../../../graph/job/job-graph.ts";
import type { OperatorRestore, StateBytes, TaskRestore } from "../../../protocol/control/snapshots.ts";
import { encodeOperatorState } from "../../../runtime/checkpoint/format/encode-operator-state.ts";
import type {
  CheckpointMetadata,
  OperatorMetadata,
} from "../../../runtime/checkpoint/format/checkpoint-metadata.ts";
import { streamNode } from "../../../runtime/task/chain-layout.ts";
import type { RunningGraphs } from "./running-graphs.ts";
import { restoreChannels } from "./restore-channels.ts";

/** What a job's tasks and enumerators start from. */
export interface RestorePlan {
  readonly checkpointId: number;
  task(vertex: JobVertex, subtask: number): TaskRestore;
  /** What the reader of a source starts with. */
  splits(vertex: JobVertex, subtask: number): readonly SourceSplit[];
  /** By the uids of their sources. */
  readonly enumerators: ReadonlyMap<OperatorUid, StateBytes>;
}

/** How a restore is planned. */
export interface RestorePlanOptions {
  /**
   * Whether the checkpoint is one of this very job, in the same parallelism: then a subtask that had finished stays finished although
   * others of its operator had not.
   */
  readonly sameJob: boolean;
  /** Whether the checkpoint was another job's, which is fenced. */
  readonly claimed?: boolean;
}

/**
 * Divides a checkpoint among the subtasks of a job (correctness rule 16): keyed state by key groups, operator state whole to each subtask,
 * which takes its share, splits evenly, records in flight by their edges. Pure. State of operators that the job doesn't have is left out:
 * whether that is allowed was checked before.
 */
export function planRestore(
  metadata: CheckpointMetadata,
  graphs: RunningGraphs,
  options: RestorePlanOptions,
): RestorePlan {
  const { streamGraph, jobGraph } = graphs;
  const operators = new Map(metadata.operators.map((operator) => [operator.uid, operator]));
  const ofVertex = (vertex: JobVertex): readonly (OperatorMetadata | undefined)[] =>
    vertex.nodes.map((node) => operators.get(streamNode(streamGraph, node).uid));
  const finished = finishedVertices(jobGraph, ofVertex);
  const isSink = new Set(streamGraph.nodes.filter(({ spec }) => spec.kind === "sink").map(({ uid }) => uid));
  const claimed = options.claimed === true ? { claimedJob: metadata.jobId } : {};
  return {
    checkpointId: metadata.checkpointId,
    task(vertex, subtask) {
      const stored = ofVertex(vertex).filter((operator) => operator !== undefined);
      const alone =
        options.sameJob &&
        stored.length > 0 &&
        stored.every(({ subtasks }) => subtasks[subtask]?.finished === true);
      if (finished.has(vertex.id) || alone) {
        // What its sinks prepared last may not have been committed.
        const sinks = stored.filter(({ uid }) => isSink.has(uid));
        return {
          checkpointId: metadata.checkpointId,
          ...claimed,
          finished: true,
          operators: sinks.map((operator) => ({ ...restoreOperator(operator, vertex, subtask), keyed: [] })),
          channels: [],
        };
      }
      return {
        checkpointId: metadata.checkpointId,
        ...claimed,
        finished: false,
        operators: stored.map((operator) => restoreOperator(operator, vertex, subtask)),
        channels: restoreChannels(metadata, graphs, vertex, subtask),
      };
    },
    splits(vertex, subtask) {
      const [head] = ofVertex(vertex);
      if (head === undefined || finished.has(vertex.id)) return [];
      return shareOfSplits(head, vertex.parallelism, subtask);
    },
    enumerators: new Map(
      metadata.operators.flatMap(({ uid, coordinator }) =>
        coordinator === undefined ? [] : [[uid, coordinator] as const],
      ),
    ),
  };
}

/**
 * Vertices that have nothing more to do: every subtask of all their operators had finished. An operator that the checkpoint doesn't
 * know makes its vertex start again: its own part has not been done.
 */
function finishedVertices(
  { vertices }: JobGraph,
  ofVertex: (vertex: JobVertex) => readonly (OperatorMetadata | undefined)[],
): ReadonlySet<string> {
  const done = (operator: OperatorMetadata | undefined): boolean =>
    operator !== undefined &&
    operator.subtasks.length > 0 &&
    operator.subtasks.every(({ finished }) => finished);
  return new Set(vertices.filter((vertex) => ofVertex(vertex).every(done)).map(({ id }) => id));
}

function restoreOperator(operator: OperatorMetadata, vertex: JobVertex, subtask: number): OperatorRestore {
  const { start, end } = keyGroupRange(vertex.maxParallelism, vertex.parallelism, subtask);
  const { uid, subtasks } = operator;
  return {
    uid,
    keyed: subtasks.flatMap(({ keyed }) =>
      keyed !== undefined && keyed.keyGroups.start < end && start < keyed.keyGroups.end ? [keyed] : [],
    ),
    operatorState: operatorStates(operator),
  };
}

/**
 * Of all former subtasks, each in its place: by that a subtask finds its own among them. One that had finished, and whose sinks had committed
 * everything, has none; it must not make the others move up, into what is another's that may not even start again.
 */
function operatorStates({ uid, subtasks }: OperatorMetadata): readonly StateBytes[] {
  if (subtasks.every(({ operatorState }) => operatorState === undefined)) return [];
  const nothing: StateBytes = { kind: "inline", bytes: encodeOperatorState(uid, []) };
  return subtasks.map(({ operatorState }) => operatorState ?? nothing);
}

/** At the same parallelism each reader gets its own; else all of them are dealt out in turn. */
function shareOfSplits(
  { subtasks }: OperatorMetadata,
  parallelism: number,
  subtask: number,
): readonly SourceSplit[] {
  const splits = subtasks.map((one) => (one.splits ?? []) as readonly SourceSplit[]);
  if (subtasks.length === parallelism) return splits[subtask] ?? [];
  return splits.flat().filter((_, index) => index % parallelism === subtask);
}
