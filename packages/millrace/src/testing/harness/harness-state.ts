import type { KeyedStateHandle, StateBytes } from "../../protocol/control/snapshots.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { preview } from "../../common/errors/preview.ts";
import type { HarnessSnapshot } from "./harness-options.ts";

/** What a `HarnessSnapshot` is inside. */
export interface HarnessState extends HarnessSnapshot {
  /** Of the subtasks that have some. Read from them already, but still being put together. */
  readonly keyed: Promise<readonly KeyedStateHandle[]>;
  /** By subtask. */
  readonly operator: readonly StateBytes[];
}

export function harnessState(snapshot: HarnessSnapshot): HarnessState {
  if (snapshot?.["~millrace"] === "harness-snapshot") return snapshot as HarnessState;
  throw new MillraceError(
    "INVALID_ARGUMENT",
    `restore takes what harness.snapshot() gave, got ${preview(snapshot)}`,
  );
}

/** What a harness starts from. */
export interface RestoredState {
  readonly keyed: readonly KeyedStateHandle[];
  readonly operator: readonly StateBytes[];
}

/** What there is in a snapshot, once it is put together. @throws MillraceError INVALID_ARGUMENT for what no harness gave */
export async function restoredState(
  snapshot: HarnessSnapshot | undefined,
): Promise<RestoredState | undefined> {
  if (snapshot === undefined) return undefined;
  const { keyed, operator } = harnessState(snapshot);
  return { keyed: await keyed, operator };
}
