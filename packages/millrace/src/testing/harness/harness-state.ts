import type { KeyedStateSnapshot } from "../../runtime/state/keyed-capture.ts";
import type { StateBytes } from "../../protocol/control/snapshots.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { preview } from "../../common/errors/preview.ts";
import type { HarnessSnapshot } from "./harness-options.ts";

/** What a `HarnessSnapshot` is inside. */
export interface HarnessState extends HarnessSnapshot {
  /** By subtask; empty where the operator has no keyed state. */
  readonly keyed: readonly KeyedStateSnapshot[];
  /** By subtask. */
  readonly operator: readonly StateBytes[];
}

/** The state in a snapshot. @throws MillraceError INVALID_ARGUMENT for what no harness gave */
export function harnessState(snapshot: HarnessSnapshot): HarnessState {
  if (snapshot?.["~millrace"] === "harness-snapshot") return snapshot as HarnessState;
  throw new MillraceError(
    "INVALID_ARGUMENT",
    `restore takes what harness.snapshot() gave, got ${preview(snapshot)}`,
  );
}
