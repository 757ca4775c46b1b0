import type { StateBytes } from "../../protocol/control/snapshots.ts";
import type {
  CheckpointMetadata,
  OperatorMetadata,
  SubtaskMetadata,
} from "../../runtime/checkpoint/format/checkpoint-metadata.ts";

/** All state of a checkpoint, bytes. */
export const checkpointBytes = (metadata: Pick<CheckpointMetadata, "operators" | "channels">): number =>
  sizeOf(checkpointParts(metadata));

/** Everything that a checkpoint's metadata names. */
export function checkpointParts({
  operators,
  channels,
}: Pick<CheckpointMetadata, "operators" | "channels">): StateBytes[] {
  return [...operators.flatMap(operatorParts), ...channels.map(({ bytes }) => bytes)];
}

/** Everything that was written of an operator. */
export function operatorParts({ coordinator, subtasks }: OperatorMetadata): StateBytes[] {
  return [...(coordinator === undefined ? [] : [coordinator]), ...subtasks.flatMap(subtaskParts)];
}

/** Bytes of several parts. */
export function sizeOf(parts: readonly StateBytes[]): number {
  return parts.reduce((sum, part) => sum + (part.kind === "inline" ? part.bytes.length : part.length), 0);
}

function subtaskParts({ keyed, operatorState }: SubtaskMetadata): StateBytes[] {
  const own = operatorState === undefined ? [] : [operatorState];
  if (keyed === undefined) return own;
  return keyed.kind === "canonical"
    ? [...keyed.parts, ...own]
    : [keyed.header, ...keyed.files.map(({ bytes }) => bytes), ...own];
}
