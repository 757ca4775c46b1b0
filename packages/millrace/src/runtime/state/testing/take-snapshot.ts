import type { KeyedStateHandle } from "../../../protocol/control/snapshots.ts";
import { createStateFiles } from "../../checkpoint/storage/create-state-files.ts";
import type { StateFiles } from "../../checkpoint/storage/state-files.ts";
import type { KeyedSnapshotRequest, SnapshotKeyedStore, SnapshotPace } from "../keyed-snapshot.ts";

/** Keeps everything in memory. */
export const inMemory: StateFiles = createStateFiles({ directory: undefined, inlineThreshold: Infinity });

/** Never rests. */
export const atOnce: SnapshotPace = { over: false, async next() {} };

/** What a snapshot is asked for; a savepoint unless told otherwise. */
export function request(settings: Partial<KeyedSnapshotRequest> = {}): KeyedSnapshotRequest {
  return { checkpointId: 1, files: inMemory, canonical: true, incremental: false, ...settings };
}

/** Takes a snapshot, in one go unless a pace is given. A savepoint unless told otherwise. */
export async function takeSnapshot(
  store: SnapshotKeyedStore,
  settings: Partial<KeyedSnapshotRequest> = {},
  pace: SnapshotPace = atOnce,
): Promise<KeyedStateHandle | undefined> {
  return store.snapshot(request(settings)).write(pace);
}

/** Takes a checkpoint by changes, where that is possible, and confirms it. */
export async function takeCheckpoint(
  store: SnapshotKeyedStore,
  checkpointId: number,
): Promise<readonly KeyedStateHandle[]> {
  const handle = await takeSnapshot(store, { checkpointId, canonical: false, incremental: true });
  store.checkpointComplete(checkpointId);
  return handle === undefined ? [] : [handle];
}

/** A pace at which every look finds the slice used up, and that calls `between` before it goes on. */
export function restless(between: () => void): SnapshotPace {
  return {
    over: true,
    async next() {
      between();
    },
  };
}
