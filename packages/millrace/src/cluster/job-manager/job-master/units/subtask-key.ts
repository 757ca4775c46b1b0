import type { Brand, VertexId } from "../../../../common/ids/ids.ts";

/** A subtask, whatever its attempt: `<vertex>/<subtask>`. */
export type SubtaskKey = Brand<string, "SubtaskKey">;

/** The key of a subtask. */
export const subtaskKey = (vertex: VertexId, subtask: number): SubtaskKey =>
  `${vertex}/${subtask}` as SubtaskKey;
