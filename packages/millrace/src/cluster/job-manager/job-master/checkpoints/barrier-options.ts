import type { BarrierOptions } from "../../../../protocol/channel-event.ts";
import type { CheckpointLocation } from "../../../../protocol/control/snapshots.ts";
import type { CheckpointSettings } from "./checkpoint-settings.ts";
import type { SnapshotKind } from "./coordinator-state.ts";

const BARRIERS = {
  checkpoint: "checkpoint",
  savepoint: "savepoint",
  stop: "terminateSavepoint",
  drain: "drainSavepoint",
} as const;

/**
 * How the barriers of a snapshot are to be treated. Savepoints always align, and hold all that they are of (correctness rules 11 and 23).
 *
 * @param location undefined: where the job's checkpoints go
 * @param confirmed whether there is something that a checkpoint may build on
 */
export function barrierOptions(
  settings: Pick<CheckpointSettings, "mode" | "unaligned" | "alignedTimeout" | "incremental">,
  kind: SnapshotKind,
  location: CheckpointLocation | undefined,
  confirmed: boolean,
): BarrierOptions {
  const { mode, unaligned, alignedTimeout, incremental } = settings;
  const checkpoint = kind === "checkpoint";
  const overtaking = unaligned && checkpoint;
  return {
    snapshot: BARRIERS[kind],
    mode: checkpoint ? mode : "exactly-once",
    alignment: overtaking && alignedTimeout === 0 ? "unaligned" : "aligned",
    alignmentTimeout: overtaking && alignedTimeout > 0 ? alignedTimeout : undefined,
    location,
    incremental: checkpoint && incremental && confirmed,
  };
}
