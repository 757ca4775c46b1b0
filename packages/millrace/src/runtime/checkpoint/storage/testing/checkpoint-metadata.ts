import { jobId, operatorUid } from "../../../../common/ids/ids.ts";
import type { StateBytes } from "../../../../protocol/control/snapshots.ts";
import {
  CHECKPOINT_FORMAT,
  type CheckpointMetadata,
  type OperatorMetadata,
} from "../../format/checkpoint-metadata.ts";

/** The job of all tests. */
export const testJob = jobId(Uint8Array.from({ length: 16 }, (_, i) => 0xa0 + i));

/** Metadata of one operator, "count", whose subtasks each have these parts of keyed state. */
export function metadataOf(
  checkpointId: number,
  parts: readonly StateBytes[],
  settings: Partial<CheckpointMetadata> = {},
): CheckpointMetadata {
  const operator: OperatorMetadata = {
    uid: operatorUid("count"),
    uidExplicit: true,
    name: "count",
    kind: "process",
    parallelism: 1,
    maxParallelism: 128,
    coordinator: undefined,
    subtasks: [
      {
        finished: false,
        keyed: { kind: "canonical", keyGroups: { start: 0, end: 128 }, parts },
        operatorState: undefined,
        splits: undefined,
      },
    ],
  };
  return {
    format: CHECKPOINT_FORMAT,
    writer: "millrace 0.0.0",
    jobId: testJob,
    jobName: "a job",
    checkpointId,
    triggeredAt: 1000,
    completedAt: 1500,
    kind: "checkpoint",
    stop: "no",
    keyHashVersion: 1,
    operators: [operator],
    channels: [],
    ...settings,
  };
}
