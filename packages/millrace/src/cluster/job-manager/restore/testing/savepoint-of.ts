import { jobId } from "../../../../common/ids/ids.ts";
import { KEY_HASH_VERSION } from "../../../../common/keys/hash-key.ts";
import type { JobGraph } from "../../../../graph/job/job-graph.ts";
import type { StreamNode } from "../../../../graph/stream/stream-graph.ts";
import type { StateBytes } from "../../../../protocol/control/snapshots.ts";
import {
  CHECKPOINT_FORMAT,
  type CheckpointMetadata,
  type OperatorMetadata,
  type SubtaskMetadata,
} from "../../../../runtime/checkpoint/format/checkpoint-metadata.ts";
import { declaredStates } from "../declared-states.ts";
import type { RestoringJob } from "../restoring-job.ts";
import { stateSettings } from "../state-settings.ts";
import type { StoredStates, StoredStatesByUid } from "../stored-states.ts";

/** A savepoint, as far as it is compared: what tells of its state, and none of it. */
export interface TestSavepoint {
  readonly metadata: CheckpointMetadata;
  readonly states: StoredStatesByUid;
}

const NOTHING: StateBytes = { kind: "inline", bytes: new Uint8Array(0) };

/** The savepoint that a job would take in which every operator has all the state that it declares. */
export function savepointOf(job: RestoringJob, more: Partial<CheckpointMetadata> = {}): TestSavepoint {
  const { nodes } = job.streamGraph;
  return {
    metadata: {
      format: CHECKPOINT_FORMAT,
      writer: "millrace 0.0.0",
      jobId: jobId(new Uint8Array(16)),
      jobName: job.jobGraph.jobName,
      checkpointId: 7,
      triggeredAt: 0,
      completedAt: 1,
      kind: "savepoint",
      stop: "no",
      keyHashVersion: KEY_HASH_VERSION,
      operators: nodes.map((node) => operatorOf(node, job.jobGraph)),
      channels: [],
      ...more,
    },
    states: new Map(nodes.map((node) => [node.uid, statesOf(node)] as const)),
  };
}

/** A savepoint with an operator changed. */
export function withOperator(
  { metadata, states }: TestSavepoint,
  uid: string,
  change: (operator: OperatorMetadata) => OperatorMetadata,
): TestSavepoint {
  const operators = metadata.operators.map((operator) =>
    operator.uid === uid ? change(operator) : operator,
  );
  return { metadata: { ...metadata, operators }, states };
}

/** A savepoint with the states of an operator changed. */
export function withStates(
  { metadata, states }: TestSavepoint,
  uid: string,
  change: (states: StoredStates) => StoredStates,
): TestSavepoint {
  return {
    metadata,
    states: new Map([...states].map(([key, value]) => [key, key === uid ? change(value) : value] as const)),
  };
}

function statesOf({ spec }: StreamNode): StoredStates {
  const { keyed, operator } = declaredStates(spec);
  return { keyed, operator };
}

function operatorOf(node: StreamNode, graph: JobGraph): OperatorMetadata {
  const { uid, uidExplicit, name, spec, id } = node;
  const { parallelism, maxParallelism } = graph.vertices.find(({ nodes }) => nodes.includes(id))!;
  const { keyed, operator } = statesOf(node);
  const source = spec.kind === "source";
  const settings = stateSettings(spec);
  const subtask = (index: number): SubtaskMetadata => ({
    finished: false,
    keyed:
      keyed.length === 0
        ? undefined
        : { kind: "canonical", keyGroups: { start: index, end: index + 1 }, parts: [NOTHING] },
    operatorState: operator.length === 0 ? undefined : NOTHING,
    splits: source ? [{ splitId: String(index) }] : undefined,
  });
  return {
    uid,
    uidExplicit,
    name,
    kind: spec.kind,
    parallelism,
    maxParallelism,
    ...(settings === undefined ? {} : { settings }),
    coordinator: source ? NOTHING : undefined,
    subtasks: Array.from({ length: parallelism }, (_, index) => subtask(index)),
  };
}
