import type { ExecutionId } from "../../common/ids/ids.ts";
import type { SlotDeployment } from "./deployment.ts";
import type { BarrierOptions } from "../channel-event.ts";
import type { ErrorEnvelope } from "./error-envelope.ts";
import type { SnapshotMetrics, TaskSnapshot } from "./snapshots.ts";

/** Version of these messages; both sides refuse another one. */
export const CONTROL_VERSION = 2;

/** From the JobMaster (or the process that hosts the slot) to a slot. A union by `type`; in order for each slot. */
export type ToSlot =
  | { readonly type: "deploy"; readonly version: number; readonly deployment: SlotDeployment }
  /** All slots have deployed: tasks may start to emit. */
  | { readonly type: "start"; readonly attempt: number }
  | { readonly type: "cancel"; readonly attempt: number; readonly executions: readonly ExecutionId[] }
  | { readonly type: "addSplits"; readonly execution: ExecutionId; readonly splits: readonly unknown[] }
  | { readonly type: "noMoreSplits"; readonly execution: ExecutionId }
  | { readonly type: "sourceEvent"; readonly execution: ExecutionId; readonly event: unknown }
  /** How far sources of the alignment group may go. */
  | { readonly type: "alignment"; readonly group: string; readonly limit: number }
  /** Bytes of standard output that were written, in all: the slot's credit. */
  | { readonly type: "stdoutTaken"; readonly bytes: number }
  /** Results that the client has taken, in all. */
  | { readonly type: "clientTaken"; readonly execution: ExecutionId; readonly count: number }
  /** A chunk of standard input; null at its end. */
  | { readonly type: "stdin"; readonly execution: ExecutionId; readonly chunk: Uint8Array | null }
  /**
   * Begins a checkpoint at these tasks: sources, and tasks whose producers have all finished (which wait for the end of their channels
   * first). The others begin it when its barriers reach them.
   */
  | {
      readonly type: "triggerCheckpoint";
      readonly executions: readonly ExecutionId[];
      readonly checkpointId: number;
      /** When the JobMaster triggered it, ms since the epoch. */
      readonly timestamp: number;
      readonly options: BarrierOptions;
    }
  /** The checkpoint is recorded: everything up to and including it may be committed. To all tasks of the slot. */
  | { readonly type: "checkpointComplete"; readonly checkpointId: number }
  /** The checkpoint is given up; what was written for it is nobody's. To all tasks of the slot. */
  | { readonly type: "checkpointAborted"; readonly checkpointId: number }
  /** Every task of the job has reached the end of its data, and no checkpoint will come: commit, and end. */
  | { readonly type: "commitAtEnd"; readonly executions: readonly ExecutionId[] }
  | { readonly type: "reportMetrics"; readonly request: number }
  | { readonly type: "shutdown" };

/** From a slot to its JobMaster. */
export type FromSlot =
  /** The thread has loaded the runtime and takes deployments. */
  | { readonly type: "online"; readonly version: number }
  /** The program was rebuilt and matches; tasks are created. */
  | { readonly type: "deployed"; readonly attempt: number }
  | {
      readonly type: "taskState";
      readonly execution: ExecutionId;
      readonly state: "INITIALIZING" | "RUNNING" | "FINISHED" | "CANCELED" | "FAILED";
      readonly error: ErrorEnvelope | undefined;
    }
  | {
      readonly type: "checkpointAcknowledged";
      readonly execution: ExecutionId;
      readonly checkpointId: number;
      readonly snapshot: TaskSnapshot;
      readonly metrics: SnapshotMetrics;
    }
  /** This task can't be part of the checkpoint: it failed to write its state, or is not running. */
  | {
      readonly type: "checkpointDeclined";
      readonly execution: ExecutionId;
      readonly checkpointId: number;
      readonly error: ErrorEnvelope;
    }
  /**
   * The task's operators have finished. It goes on to take part in checkpoints until one that covers its end is complete; in jobs without
   * checkpoints, tasks that have something to commit wait for `commitAtEnd`.
   */
  | { readonly type: "endOfData"; readonly execution: ExecutionId }
  | { readonly type: "requestSplit"; readonly execution: ExecutionId }
  | { readonly type: "sourceEvent"; readonly execution: ExecutionId; readonly event: unknown }
  | {
      readonly type: "reportWatermark";
      readonly execution: ExecutionId;
      readonly group: string;
      readonly watermark: number;
    }
  | { readonly type: "stdout"; readonly stream: "stdout" | "stderr"; readonly bytes: Uint8Array }
  | {
      readonly type: "clientBatch";
      readonly execution: ExecutionId;
      readonly channel: string;
      readonly batch: Uint8Array;
      readonly count: number;
    }
  /** Asks for the next chunk of standard input. */
  | { readonly type: "stdinRequest"; readonly execution: ExecutionId }
  | { readonly type: "metrics"; readonly request: number; readonly tasks: Readonly<Record<string, unknown>> }
  | { readonly type: "log"; readonly level: "info" | "warn" | "error"; readonly message: string }
  /** The slot can't go on as a whole: the program doesn't load, the fingerprint differs, the thread died. */
  | { readonly type: "slotFailed"; readonly error: ErrorEnvelope };
