import type {
  CheckpointOperation,
  OperationStatus,
  SerializedFailure,
} from "../../../../protocol/rest/operations.ts";
import type { OperationView } from "../../dispatcher/dispatcher-gateway.ts";

/** What has failed. Stacks of ours hold no secrets: messages have them redacted. */
export const serializedFailure = (failure: {
  readonly code: string;
  readonly message: string;
  readonly stack: string;
  readonly help?: string | undefined;
}): SerializedFailure => ({
  class: failure.code,
  "stack-trace": failure.stack === "" ? failure.message : failure.stack,
  "serialized-throwable": "",
  ...(failure.help === undefined ? {} : { help: failure.help }),
});

/** What is told of most operations. */
export type OperationProgress = Pick<OperationView, "status" | "location" | "failure">;

/** How a savepoint, a stop or a disposal goes. */
export function operationStatus({ status, location, failure }: OperationProgress): OperationStatus {
  if (status === "IN_PROGRESS") return { status: { id: status }, operation: null };
  return {
    status: { id: status },
    operation: {
      ...(location === undefined ? {} : { location }),
      ...(failure === undefined ? {} : { "failure-cause": serializedFailure(failure) }),
    },
  };
}

/** How a checkpoint that was asked for goes. */
export function checkpointOperation({ status, checkpointId, failure }: OperationView): CheckpointOperation {
  if (status === "IN_PROGRESS") return { status: { id: status }, operation: null };
  return {
    status: { id: status },
    operation: {
      checkpointId: checkpointId ?? null,
      failureCause: failure === undefined ? null : serializedFailure(failure),
    },
  };
}
