declare const brand: unique symbol;

/** A type that only its own constructor function makes, so that ids can't be mixed up. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** A job: 32 lowercase hex digits. */
export type JobId = Brand<string, "JobId">;
/** A node of the stream graph, stable over runs of the builder: ties an operator to its state. */
export type OperatorUid = Brand<string, "OperatorUid">;
/** A job vertex: a chain of operators that run as one task. */
export type VertexId = Brand<string, "VertexId">;
/** One attempt to run one subtask: `<vertex>/<subtask>#<attempt>`. */
export type ExecutionId = Brand<string, "ExecutionId">;
/** A slot of a TaskManager. */
export type SlotId = Brand<string, "SlotId">;
/** A channel between two subtasks, unique within one job attempt; fits 32 bits. */
export type ChannelId = Brand<number, "ChannelId">;
/** How often a job was started; grows with each restart. The fencing token's last part. */
export type Attempt = Brand<number, "Attempt">;
/** A checkpoint, counted from 1. */
export type CheckpointId = Brand<number, "CheckpointId">;

export const operatorUid = (text: string): OperatorUid => text as OperatorUid;
export const vertexId = (text: string): VertexId => text as VertexId;
export const slotId = (text: string): SlotId => text as SlotId;
export const channelId = (n: number): ChannelId => n as ChannelId;
export const attempt = (n: number): Attempt => n as Attempt;
export const checkpointId = (n: number): CheckpointId => n as CheckpointId;
/** The id of one attempt of one subtask. */
export const executionId = (vertex: VertexId, subtask: number, n: Attempt): ExecutionId =>
  `${vertex}/${subtask}#${n}` as ExecutionId;

/** A fresh job id from 16 random bytes. */
export function jobId(randomBytes: Uint8Array): JobId {
  return [...randomBytes.subarray(0, 16)].map((b) => b.toString(16).padStart(2, "0")).join("") as JobId;
}
