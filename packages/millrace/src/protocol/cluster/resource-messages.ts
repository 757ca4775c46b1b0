import type { JobId, SlotId } from "../../common/ids/ids.ts";
import type { FencingToken } from "../control/deployment.ts";
import type { ErrorEnvelope } from "../control/error-envelope.ts";

/*
 * What a TaskManager and the JobManager tell each other, over the one connection that the TaskManager opens. Plain data. Messages
 * arrive once and in order, or the connection closes; a connection that is closed is never resumed: both sides take everything that ran over
 * it as lost, the TaskManager ends its slots, connects anew and registers anew.
 *
 * Requests carry a number, `request`, unique among those of their sender on this connection; each is answered once, or the connection closes.
 * Duties of the JobManager: it asks for slots only with its own epoch, and never for a slot that is taken.
 * Duties of the TaskManager: it refuses a token of an older epoch than it has seen (FENCED), and ends slots of older epochs when it
 * registers with a newer one; a slot that it has told gone is free from then on.
 */

/** Version of these messages, of those to slots and of the frames between TaskManagers together. Both sides refuse another one. */
export const CLUSTER_VERSION = 1;

/** What a machine has. Memory in bytes. */
export interface HardwareDescription {
  readonly cpuCores: number;
  readonly physicalMemory: number;
  /** Heap limit of one slot's thread, if there is one. */
  readonly slotHeap: number | undefined;
  /** For frames, of one slot. */
  readonly networkMemory: number;
}

/** A TaskManager as it registers. */
export interface TaskManagerDescription {
  /** Its own for the life of its process: a restarted one has another. */
  readonly taskManagerId: string;
  /** Where other TaskManagers reach it. */
  readonly host: string;
  readonly dataPort: number;
  readonly slots: number;
  /** Whether all its slots at a time must be of one job; others are refused with CONFLICT. Default false. */
  readonly exclusiveJobs?: boolean;
  readonly hardware: HardwareDescription;
  /** Of the engine: another one than the JobManager's is refused (VERSION_MISMATCH). */
  readonly engineVersion: string;
  readonly pid: number;
  /** ms since the epoch. */
  readonly startedAt: number;
}

/** How a TaskManager is, told with each heartbeat. */
export interface TaskManagerHealth {
  /** Bytes. */
  readonly residentMemory: number;
  readonly heapUsed: number;
  /** Bytes that the heap has from the system, and bytes outside of it that objects hold; undefined: not told. */
  readonly heapCommitted?: number;
  readonly external?: number;
  /** Share of one core, over the time since the last one. */
  readonly cpuLoad: number;
  /** ms that its event loop lagged at most, likewise. */
  readonly eventLoopLag: number;
}

/** A slot of an attempt, as the TaskManager is asked for it. */
export interface SlotOrder {
  /** Names it on this connection until it is gone. Chosen by the JobManager, never used twice. */
  readonly allocation: number;
  /** Its number in the attempt, as in `OpenSlots.channels`. */
  readonly slot: number;
  /** `<TaskManager>/<number of the slot in it>`. */
  readonly slotId: SlotId;
}

/** Another TaskManager that has slots of the same attempt. */
export interface SlotPeer {
  readonly taskManagerId: string;
  readonly host: string;
  readonly dataPort: number;
  /** Numbers of its slots in the attempt. */
  readonly slots: readonly number[];
  /** Bytes for frames that arrive in one of its slots: `OpenSlots.networkMemory`, or else what it said when it registered. */
  readonly networkMemory: number;
}

/** Asks for slots of one attempt of a failover unit. All of them on this TaskManager come in one request. */
export interface OpenSlots {
  readonly type: "openSlots";
  readonly request: number;
  readonly token: FencingToken;
  /** Names the attempt of this unit to its TaskManagers, on the wire between them, too. Unique in the epoch. */
  readonly exchange: string;
  /** Both ends of a connection for this exchange prove that they know it. 32 random bytes, as hex. */
  readonly secret: string;
  readonly jobName: string;
  readonly orders: readonly SlotOrder[];
  /** Slots of the attempt in all, those of other TaskManagers among them. */
  readonly slotCount: number;
  /** Channels between two different slots, at least one of which is here. */
  readonly channels: readonly {
    readonly id: number;
    readonly producerSlot: number;
    readonly consumerSlot: number;
  }[];
  /**
   * How many channels from other slots enter each slot of the attempt, by its number, wherever it is: both ends of a channel lay out its
   * frames by it.
   */
  readonly incoming: readonly number[];
  readonly peers: readonly SlotPeer[];
  /** Bytes for frames that arrive in a slot; undefined: what the TaskManager said when it registered. */
  readonly networkMemory: number | undefined;
  /** The job's program, fetched once from the JobManager's artifacts. */
  readonly artifact: ArtifactReference;
}

/** A job's program in a cluster. */
export interface ArtifactReference {
  /** 64 lowercase hex digits. */
  readonly sha256: string;
  readonly bytes: number;
  /** The URL of the module that it was made from, for stack traces. */
  readonly originalUrl: string;
}

/** From the JobManager. */
export type ToTaskManager =
  /** The answer to `register`. */
  | {
      readonly type: "registered";
      readonly epoch: number;
      /** ms. */
      readonly heartbeatInterval: number;
      readonly heartbeatTimeout: number;
    }
  /** The other answer; the connection is closed then. */
  | { readonly type: "refused"; readonly error: ErrorEnvelope }
  | OpenSlots
  /** Ends a slot's thread, answered by `slotGone`. */
  | { readonly type: "closeSlot"; readonly allocation: number }
  /** So many slots will be asked for soon. */
  | { readonly type: "prepareSlots"; readonly count: number }
  /** The job is over: what is kept for its recovery can go. Told to all, also to those that never ran it. */
  | { readonly type: "forgetJob"; readonly jobId: JobId }
  | { readonly type: "heartbeat" }
  | { readonly type: "ask"; readonly request: number; readonly question: TaskManagerQuestion }
  /** Ends the process in order: after its slots. */
  | { readonly type: "shutdown" };

/** From a TaskManager. */
export type FromTaskManager =
  /** The first message. */
  | { readonly type: "register"; readonly version: number; readonly description: TaskManagerDescription }
  | { readonly type: "slotsOpened"; readonly request: number }
  /** None of the request's slots is open. */
  | { readonly type: "slotsRefused"; readonly request: number; readonly error: ErrorEnvelope }
  /** The slot's thread has ended: as it was told, or by itself with the reason. Nothing comes from it any more. */
  | { readonly type: "slotGone"; readonly allocation: number; readonly error: ErrorEnvelope | undefined }
  | { readonly type: "heartbeat"; readonly health: TaskManagerHealth }
  | { readonly type: "answer"; readonly request: number; readonly answer: unknown }
  | { readonly type: "refusal"; readonly request: number; readonly error: ErrorEnvelope };

/** What the JobManager asks on behalf of REST. The answers stand behind each. */
export type TaskManagerQuestion =
  /** readonly LogFile[] */
  | { readonly kind: "logs" }
  /** Uint8Array: up to `bytes` from `offset`; negative: from the end. NOT_FOUND */
  | { readonly kind: "log"; readonly name: string; readonly offset: number; readonly bytes: number }
  /** readonly ThreadDump[] */
  | { readonly kind: "threadDump" }
  /** A CPU profile of a slot's thread as DevTools know it; ms */
  | { readonly kind: "profile"; readonly allocation: number; readonly duration: number }
  /** Readonly<Record<string, number>>: the process's own metrics by Flink's names, `Status.JVM...` excepted */
  | { readonly kind: "metrics" };

/** A file of a process's logs. */
export interface LogFile {
  readonly name: string;
  readonly bytes: number;
  /** ms since the epoch. */
  readonly modifiedAt: number;
}

/** What a thread does at the moment. */
export interface ThreadDump {
  readonly threadName: string;
  readonly text: string;
}
