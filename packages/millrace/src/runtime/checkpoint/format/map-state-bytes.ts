import type { ChannelSnapshot, KeyedStateHandle, StateBytes } from "../../../protocol/control/snapshots.ts";
import type { CheckpointMetadata, OperatorMetadata, SubtaskMetadata } from "./checkpoint-metadata.ts";

/** What a checkpoint's state is found by. */
export type StateHolder = Pick<CheckpointMetadata, "operators" | "channels">;

/** Whether bytes stand in a file. */
export type StateFile = Extract<StateBytes, { readonly kind: "file" }>;

/** The same metadata with other places of its state. Everything else is taken over. */
export function mapStateBytes<M extends StateHolder>(metadata: M, map: (bytes: StateBytes) => StateBytes): M {
  return {
    ...metadata,
    operators: metadata.operators.map((operator): OperatorMetadata => ({
      ...operator,
      coordinator: operator.coordinator && map(operator.coordinator),
      subtasks: operator.subtasks.map((subtask) => mapSubtask(subtask, map)),
    })),
    channels: metadata.channels.map((channel): ChannelSnapshot => ({
      ...channel,
      bytes: map(channel.bytes),
    })),
  };
}

/** All places where the metadata's state stands; those that several share, several times. */
export function stateBytesOf(metadata: StateHolder): readonly StateBytes[] {
  const found: StateBytes[] = [];
  mapStateBytes(metadata, (bytes) => {
    found.push(bytes);
    return bytes;
  });
  return found;
}

/** The paths of all files that the metadata names, each once. */
export function stateFilesOf(metadata: StateHolder): ReadonlySet<string> {
  return new Set(stateBytesOf(metadata).flatMap((bytes) => (bytes.kind === "file" ? [bytes.path] : [])));
}

function mapSubtask(subtask: SubtaskMetadata, map: (bytes: StateBytes) => StateBytes): SubtaskMetadata {
  return {
    ...subtask,
    keyed: subtask.keyed && mapKeyed(subtask.keyed, map),
    operatorState: subtask.operatorState && map(subtask.operatorState),
  };
}

function mapKeyed(keyed: KeyedStateHandle, map: (bytes: StateBytes) => StateBytes): KeyedStateHandle {
  switch (keyed.kind) {
    case "canonical":
      return { ...keyed, parts: keyed.parts.map(map) };
    case "native":
      return {
        ...keyed,
        header: map(keyed.header),
        files: keyed.files.map((file) => ({ ...file, bytes: map(file.bytes) })),
      };
  }
}
