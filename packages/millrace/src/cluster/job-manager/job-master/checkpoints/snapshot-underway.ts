import type { OperatorUid } from "../../../../common/ids/ids.ts";
import type { CheckpointLocation, TaskSnapshot } from "../../../../protocol/control/snapshots.ts";
import type { SubtaskKey } from "../units/subtask-key.ts";
import type { SnapshotKind } from "./coordinator-state.ts";

/** What the driver knows of a checkpoint underway, beside what decisions need. */
export interface SnapshotUnderway {
  readonly id: number;
  readonly kind: SnapshotKind;
  /** As `SnapshotOrder` says it. */
  readonly cancels: boolean;
  /** ms since the epoch, and monotonic. */
  readonly triggeredAt: number;
  readonly startedAt: number;
  location: CheckpointLocation | undefined;
  enumerators: ReadonlyMap<OperatorUid, Uint8Array>;
  /** Of those who have acknowledged, and of those whose end an earlier checkpoint holds. */
  readonly snapshots: Map<SubtaskKey, TaskSnapshot>;
  /** Whether it was handed to the storage, which cleans up after itself. */
  recording: boolean;
  /** Resolved when it is complete, or nothing of it is left. */
  readonly ended: PromiseWithResolvers<void>;
}
