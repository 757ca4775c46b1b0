import { Types } from "../../../common/types/types.ts";

/*
 * What `_metadata` has to hold, for the check of what was read. Fields that are not known here are kept: a later version may add some that
 * this one can do without.
 */

const stateBytes = Types.union(
  Types.object({ kind: Types.literal("inline"), bytes: Types.bytes }),
  Types.object({ kind: Types.literal("file"), path: Types.string, length: Types.int }),
);

const keyGroups = Types.object({ start: Types.int, end: Types.int });

const keyedState = Types.union(
  Types.object({ kind: Types.literal("canonical"), keyGroups, parts: Types.array(stateBytes) }),
  Types.object({
    kind: Types.literal("native"),
    backend: Types.string,
    keyGroups,
    header: stateBytes,
    files: Types.array(Types.object({ name: Types.string, bytes: stateBytes })),
  }),
);

/** CheckpointMetadata without operators and channels. */
export const metadataHeadType = Types.object({
  format: Types.int,
  writer: Types.string,
  jobId: Types.string,
  jobName: Types.string,
  checkpointId: Types.int,
  epoch: Types.optional(Types.int),
  triggeredAt: Types.double,
  completedAt: Types.double,
  kind: Types.oneOf("checkpoint", "savepoint"),
  stop: Types.oneOf("no", "stop", "drain"),
  keyHashVersion: Types.int,
});

/** OperatorMetadata. */
export const operatorMetadataType = Types.object({
  uid: Types.string,
  uidExplicit: Types.boolean,
  name: Types.string,
  kind: Types.string,
  parallelism: Types.int,
  maxParallelism: Types.int,
  settings: Types.optional(Types.record(Types.string)),
  input: Types.optional(Types.record(Types.string)),
  coordinator: Types.optional(stateBytes),
  subtasks: Types.array(
    Types.object({
      finished: Types.boolean,
      keyed: Types.optional(keyedState),
      operatorState: Types.optional(stateBytes),
      splits: Types.optional(Types.array(Types.any)),
    }),
  ),
});

/** CheckpointMetadata.channels. */
export const channelsType = Types.array(
  Types.object({
    sourceUid: Types.string,
    sideOutput: Types.optional(Types.string),
    targetUid: Types.string,
    targetInput: Types.int,
    producerSubtask: Types.int,
    consumerSubtask: Types.int,
    side: Types.oneOf("received", "unsent"),
    records: Types.int,
    bytes: stateBytes,
  }),
);
