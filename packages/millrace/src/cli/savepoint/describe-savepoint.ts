import type {
  CheckpointMetadata,
  OperatorMetadata,
} from "../../runtime/checkpoint/format/checkpoint-metadata.ts";
import { checkpointParts, operatorParts, sizeOf } from "./checkpoint-bytes.ts";
import { describeKeyed, describeOperatorStates } from "./describe-states.ts";
import type {
  InFlightDescription,
  OperatorDescription,
  SavepointDescription,
} from "./savepoint-description.ts";

/**
 * Reads what a savepoint says of itself: metadata, headers and indexes of its parts. State itself is not read.
 *
 * @param path its folder, absolute
 * @throws CHECKPOINT_CORRUPT naming the file, CHECKPOINT_STORAGE_FAILED
 */
export function describeSavepoint(metadata: CheckpointMetadata, path: string): SavepointDescription {
  const parts = checkpointParts(metadata);
  return {
    path,
    kind: metadata.kind,
    stop: metadata.stop,
    format: metadata.format,
    writer: metadata.writer,
    jobId: metadata.jobId,
    job: metadata.jobName,
    checkpointId: metadata.checkpointId,
    triggeredAt: metadata.triggeredAt,
    completedAt: metadata.completedAt,
    keyHashVersion: metadata.keyHashVersion,
    bytes: sizeOf(parts),
    files: new Set(parts.flatMap((part) => (part.kind === "file" ? [part.path] : []))).size,
    inFlight: inFlight(metadata),
    operators: metadata.operators.map(describeOperator),
  };
}

function inFlight({ channels }: CheckpointMetadata): InFlightDescription | null {
  if (channels.length === 0) return null;
  return {
    channels: new Set(
      channels.map(({ side: _side, records: _records, bytes: _bytes, ...channel }) =>
        JSON.stringify(channel),
      ),
    ).size,
    records: channels.reduce((sum, { records }) => sum + records, 0),
    bytes: sizeOf(channels.map(({ bytes }) => bytes)),
  };
}

function describeOperator(operator: OperatorMetadata): OperatorDescription {
  const { subtasks, coordinator } = operator;
  const handles = subtasks.flatMap(({ keyed }) => keyed ?? []);
  const { states, keyKinds } = describeKeyed(handles);
  const native = handles.find((handle) => handle.kind === "native");
  const splits = subtasks.flatMap((subtask) => subtask.splits ?? []);
  return {
    name: operator.name,
    uid: operator.uid,
    uidExplicit: operator.uidExplicit,
    kind: operator.kind,
    parallelism: operator.parallelism,
    maxParallelism: operator.maxParallelism,
    settings: operator.settings ?? {},
    finished: subtasks.filter(({ finished }) => finished).length,
    splits: operator.kind === "source" ? splits.length : null,
    coordinatorBytes: coordinator === undefined ? null : sizeOf([coordinator]),
    nativeBackend: native?.backend ?? null,
    keyKinds,
    bytes: sizeOf(operatorParts(operator)),
    states: [
      ...states,
      ...describeOperatorStates(subtasks.flatMap(({ operatorState }) => operatorState ?? [])),
    ],
  };
}
