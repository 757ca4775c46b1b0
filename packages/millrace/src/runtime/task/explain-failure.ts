import { MillraceError } from "../../common/errors/millrace-error.ts";
import { preview } from "../../common/errors/preview.ts";
import type { ChainNode, ChainTrace } from "./chain/chain-node.ts";

/** Which subtask failed. */
export interface FailurePlace {
  readonly jobName: string;
  readonly subtaskIndex: number;
  readonly parallelism: number;
}

/**
 * Turns what was thrown inside a task into an error that names operator, uid, subtask and record, and keeps the original as its
 * cause (with its stack). An engine's own error keeps its code.
 */
export function explainFailure(
  error: unknown,
  node: ChainNode,
  trace: ChainTrace,
  place: FailurePlace,
): MillraceError {
  if (MillraceError.is(error) && "subtask" in error.details) return error;
  const where = `operator "${node.name}" (uid ${node.uid}, subtask ${place.subtaskIndex + 1} of ${place.parallelism})`;
  const record = trace.record === undefined ? "" : `\n  record: ${preview(trace.record)}`;
  const text =
    error instanceof Error
      ? MillraceError.is(error)
        ? error.message
        : `${error.name}: ${error.message}`
      : preview(error);
  return new MillraceError(
    MillraceError.is(error) ? error.code : "USER_FUNCTION_FAILED",
    `${where} failed: ${text}${record}`,
    {
      cause: error,
      retryable: MillraceError.is(error) ? error.retryable : false,
      ...(MillraceError.is(error) && error.help !== undefined ? { help: error.help } : {}),
      details: {
        ...(MillraceError.is(error) ? error.details : {}),
        operator: node.name,
        uid: node.uid,
        subtask: place.subtaskIndex,
        ...(trace.record === undefined ? {} : { record: preview(trace.record) }),
      },
    },
  );
}
