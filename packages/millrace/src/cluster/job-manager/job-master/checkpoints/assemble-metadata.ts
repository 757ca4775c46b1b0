import { KEY_HASH_VERSION } from "../../../../common/keys/hash-key.ts";
import type { JobId, OperatorUid } from "../../../../common/ids/ids.ts";
import type { JobGraph } from "../../../../graph/job/job-graph.ts";
import type { StreamGraph, StreamNode } from "../../../../graph/stream/stream-graph.ts";
import type { TaskSnapshot } from "../../../../protocol/control/snapshots.ts";
import { CHECKPOINT_FORMAT } from "../../../../runtime/checkpoint/format/checkpoint-metadata.ts";
import type {
  CheckpointMetadata,
  OperatorMetadata,
  SubtaskMetadata,
} from "../../../../runtime/checkpoint/format/checkpoint-metadata.ts";
import { stateSettings } from "../../restore/state-settings.ts";
import { subtaskKey } from "../units/subtask-key.ts";
import type { SubtaskKey } from "../units/subtask-key.ts";
import type { SnapshotKind } from "./coordinator-state.ts";

/** The job that a checkpoint is of. */
export interface CheckpointedJob {
  readonly jobId: JobId;
  readonly jobGraph: JobGraph;
  readonly streamGraph: StreamGraph;
  /** What the job was started from: the splits of its sources were made before. */
  readonly restored?: Pick<CheckpointMetadata, "operators"> | undefined;
  /** What writes, e.g. "millrace 0.1.0". Read when something is written. */
  readonly writer: () => string;
}

/** What was gathered for a checkpoint. */
export interface GatheredSnapshots {
  readonly id: number;
  readonly kind: SnapshotKind;
  /** ms since the epoch. */
  readonly triggeredAt: number;
  readonly enumerators: ReadonlyMap<OperatorUid, Uint8Array>;
  /** Of all subtasks, those of the finished ones carried forward; subtasks that ended without one are missing. */
  readonly snapshots: ReadonlyMap<SubtaskKey, TaskSnapshot>;
}

const STOPS = { checkpoint: "no", savepoint: "no", stop: "stop", drain: "drain" } as const;

/** Puts together what `_metadata` says. Pure. */
export function assembleMetadata(
  { jobId, jobGraph, streamGraph, restored, writer }: CheckpointedJob,
  { id, kind, triggeredAt, enumerators, snapshots }: GatheredSnapshots,
  completedAt: number,
): CheckpointMetadata {
  const operators = streamGraph.nodes.flatMap((node): readonly OperatorMetadata[] => {
    const vertex = jobGraph.vertices.find(({ nodes }) => nodes.includes(node.id));
    if (vertex === undefined) return [];
    const { parallelism, maxParallelism } = vertex;
    const state = enumerators.get(node.uid);
    const settings = stateSettings(node.spec);
    const input = inputOf(node, restored);
    return [
      {
        uid: node.uid,
        uidExplicit: node.uidExplicit,
        name: node.name,
        kind: node.spec.kind,
        parallelism,
        maxParallelism,
        ...(settings === undefined ? {} : { settings }),
        ...(input === undefined ? {} : { input }),
        coordinator: state === undefined ? undefined : { kind: "inline", bytes: state },
        subtasks: Array.from({ length: parallelism }, (_, subtask) =>
          subtaskMetadata(snapshots.get(subtaskKey(vertex.id, subtask)), node.uid),
        ),
      },
    ];
  });
  return {
    format: CHECKPOINT_FORMAT,
    writer: writer(),
    jobId,
    jobName: jobGraph.jobName,
    checkpointId: id,
    triggeredAt,
    completedAt,
    kind: kind === "checkpoint" ? "checkpoint" : "savepoint",
    stop: STOPS[kind],
    keyHashVersion: KEY_HASH_VERSION,
    operators,
    channels: [...snapshots.values()].flatMap(({ channels }) => channels),
  };
}

/** What a source's splits were made from: if not by this job, by the one that it goes on with. */
function inputOf(
  { uid, spec }: StreamNode,
  restored: CheckpointedJob["restored"],
): Readonly<Record<string, string>> | undefined {
  if (spec.kind !== "source") return undefined;
  const before = restored?.operators.find((operator) => operator.uid === uid);
  return before?.coordinator === undefined ? spec.source.input : before.input;
}

/** A subtask that ended without a snapshot has finished, and left nothing. */
function subtaskMetadata(snapshot: TaskSnapshot | undefined, uid: OperatorUid): SubtaskMetadata {
  const operator = snapshot?.operators.find((other) => other.uid === uid);
  return {
    finished: snapshot?.finished ?? true,
    keyed: operator?.keyed,
    operatorState: operator?.operatorState,
    splits: operator?.splits,
  };
}

/** What subtasks wrote for a checkpoint that is given up, in the form in which the storage takes it. */
export function unrecorded(
  snapshots: readonly TaskSnapshot[],
): Pick<CheckpointMetadata, "operators" | "channels"> {
  return {
    operators: snapshots.flatMap(({ operators, finished }) =>
      operators.map(({ uid, ...state }) => ({
        uid,
        uidExplicit: false,
        name: "",
        kind: "",
        parallelism: 1,
        maxParallelism: 1,
        coordinator: undefined,
        subtasks: [{ finished, ...state }],
      })),
    ),
    channels: snapshots.flatMap(({ channels }) => channels),
  };
}
