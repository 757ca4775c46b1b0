import { Type, type Static } from "typebox";
import { HexId, Integer, named, nullable, words } from "./schema-parts.ts";

/*
 * What takes long: it is triggered, answered by 202 and a `request-id`, and asked for by that until it is COMPLETED.
 */

/** The answer to every trigger, with status 202. */
export const TriggerResponse = named("TriggerResponse", { "request-id": HexId });
export type TriggerResponse = Static<typeof TriggerResponse>;

export const QueueStatus = named("QueueStatus", { id: words(["IN_PROGRESS", "COMPLETED"]) });

/** What has failed. `class` is the error's code. */
export const SerializedFailure = named("Failure", {
  class: Type.String(),
  "stack-trace": Type.String(),
  "serialized-throwable": Type.String({ description: "always empty" }),
  help: Type.Optional(Type.String({ description: "what to do about it" })),
});
export type SerializedFailure = Static<typeof SerializedFailure>;

/** `GET .../savepoints/:trigger` (also of a stop), `/savepoint-disposal/:trigger`, `/rescaling/:trigger`. `operation` is null until it is COMPLETED. */
export const OperationStatus = named("OperationStatus", {
  status: QueueStatus,
  operation: nullable(
    named("OperationResult", {
      location: Type.Optional(Type.String({ description: "the savepoint's folder" })),
      "failure-cause": Type.Optional(SerializedFailure),
    }),
  ),
});
export type OperationStatus = Static<typeof OperationStatus>;

/** `GET .../checkpoints/:trigger`. */
export const CheckpointOperation = named("CheckpointOperation", {
  status: QueueStatus,
  operation: nullable(
    named("CheckpointResult", {
      checkpointId: nullable(Integer),
      failureCause: nullable(SerializedFailure),
    }),
  ),
});
export type CheckpointOperation = Static<typeof CheckpointOperation>;

const TriggerId = Type.Optional(
  nullable(
    Type.String({
      pattern: "^[0-9a-f]{32}$",
      description: "32 lowercase hex digits: the same again triggers nothing anew, and answers the same",
    }),
  ),
);
const FormatType = Type.Optional(nullable(words(["CANONICAL"], "savepoints have one format")));
const Directory = Type.Optional(
  nullable(
    Type.String({
      minLength: 1,
      maxLength: 4096,
      description: "default: execution.checkpointing.savepoint-dir",
    }),
  ),
);

/** Body of `POST /jobs/:id/savepoints`. */
export const SavepointRequest = named("SavepointRequest", {
  "target-directory": Directory,
  "cancel-job": Type.Optional(nullable(Type.Boolean())),
  formatType: FormatType,
  triggerId: TriggerId,
});
export type SavepointRequest = Static<typeof SavepointRequest>;

/** Body of `POST /jobs/:id/stop`. */
export const StopRequest = named("StopRequest", {
  targetDirectory: Directory,
  drain: Type.Optional(nullable(Type.Boolean())),
  formatType: FormatType,
  triggerId: TriggerId,
});
export type StopRequest = Static<typeof StopRequest>;

/** Body of `POST /jobs/:id/checkpoints`. */
export const CheckpointRequest = named("CheckpointRequest", {
  checkpointType: Type.Optional(
    nullable(words(["CONFIGURED"], "whether it is full or incremental is the job's setting")),
  ),
  triggerId: TriggerId,
});
export type CheckpointRequest = Static<typeof CheckpointRequest>;

/** Body of `POST /savepoint-disposal`. */
export const DisposalRequest = named("DisposalRequest", {
  "savepoint-path": Type.String({ minLength: 1, maxLength: 4096 }),
  triggerId: TriggerId,
});
export type DisposalRequest = Static<typeof DisposalRequest>;
