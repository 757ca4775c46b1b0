import type { ByteInput } from "../../common/connector/source.ts";
import type { MillraceError } from "../../common/errors/millrace-error.ts";
import type { SnapshotMetrics, TaskSnapshot } from "../../protocol/control/snapshots.ts";

/** What tasks need from the process that hosts their slot; each call names the task by its execution. */
export interface TaskServices {
  /** A source's reader asks for a split. */
  requestSplit(): void;
  /** A reader's event to its enumerator. */
  sendSourceEvent(event: unknown): void;
  /** The source's watermark, for alignment with others. */
  reportWatermark(group: string, watermark: number): void;
  openStdin(): ByteInput;
  /** Bytes to the process's standard output or error, in order. `onTaken` is called when `backlog` has fallen. */
  stdout(bytes: Uint8Array, stream: "stdout" | "stderr"): void;
  stdoutBacklog(): number;
  /** A batch of results to the client. */
  sendToClient(channel: string, batch: Uint8Array, count: number): void;
  clientBacklog(): number;
  /** Has `callback` called, besides those given before, whenever a backlog has fallen: a task may have several sinks. */
  onBacklog(callback: () => void): void;
  /** The task's state is written. */
  acknowledgeCheckpoint(checkpointId: number, snapshot: TaskSnapshot, metrics: SnapshotMetrics): void;
  /** The task can't be part of the checkpoint. */
  declineCheckpoint(checkpointId: number, error: MillraceError): void;
  /** The task's data has ended; it waits for a checkpoint that covers its end, or for the others. */
  endOfData(): void;
  /** A line for the job's log. */
  log(level: "info" | "warn" | "error", message: string): void;
}
