import type { Clock } from "../../common/clock/clock.ts";
import type {
  KeyedStateHandle,
  OperatorSnapshot,
  SnapshotMetrics,
  StateBytes,
  TaskSnapshot,
} from "../../protocol/control/snapshots.ts";
import type { CheckpointStart } from "../checkpoint/barriers/aligner-action.ts";
import type { InFlightSnapshot } from "../checkpoint/channel-state/in-flight-snapshot.ts";
import type { SnapshotPace } from "../state/keyed-snapshot.ts";
import type { CountedFiles } from "./counted-files.ts";
import { lengthOf } from "./counted-files.ts";
import type { OperatorStores, StoresSnapshot } from "./operator-stores.ts";

/** What a snapshot is taken of. */
export interface SnapshotParts {
  readonly checkpoint: CheckpointStart;
  /** In chain order. */
  readonly stores: readonly OperatorStores[];
  readonly files: CountedFiles;
  /** Records that its barriers overtake; undefined: there are none. */
  readonly inFlight: InFlightSnapshot | undefined;
  readonly subtask: number;
  readonly finished: boolean;
  /** Of the source at the head. */
  readonly splits: readonly unknown[] | undefined;
  readonly clock: Clock;
}

/** How long it took until the snapshot was taken, ms. */
export type SyncMetrics = Pick<SnapshotMetrics, "alignment" | "sync" | "startDelay">;

/** The state of one task at the moment of a barrier, on its way to storage. */
export class PendingSnapshot {
  readonly checkpoint: CheckpointStart;
  readonly #parts: SnapshotParts;
  readonly #files: CountedFiles;
  readonly #operators: StoresSnapshot[] = [];
  #stateWritten = false;

  /** Takes it: short. Throws what a store throws; nothing is held then. */
  constructor(parts: SnapshotParts) {
    this.checkpoint = parts.checkpoint;
    this.#parts = parts;
    this.#files = parts.files;
    const { checkpointId, options } = parts.checkpoint;
    const request = {
      checkpointId,
      files: this.#files,
      canonical: options.snapshot !== "checkpoint",
      incremental: options.incremental,
    };
    try {
      for (const stores of parts.stores) this.#operators.push(stores.snapshot(request));
    } catch (error) {
      this.abort();
      throw error;
    }
  }

  /** Whether nothing is left to be written but records in flight that have not come, or whose barriers have not left. */
  get waits(): boolean {
    return this.#stateWritten && this.#parts.inFlight?.waits === true;
  }

  /** Writes it between records. @throws CHECKPOINT_ABORTED, CHECKPOINT_STORAGE_FAILED, and what encoding values throws */
  async write(
    pace: SnapshotPace,
    sync: SyncMetrics,
  ): Promise<{ readonly snapshot: TaskSnapshot; readonly metrics: SnapshotMetrics }> {
    const { clock, finished, splits } = this.#parts;
    const begun = clock.monotonic();
    const operators: OperatorSnapshot[] = [];
    for (const [index, taken] of this.#operators.entries()) {
      if (taken.keyed !== undefined || taken.operatorState !== undefined) await pace.next();
      const keyed = await taken.keyed?.write(pace);
      const operatorState = await this.#writeOperatorState(taken);
      operators.push({
        uid: taken.uid,
        keyed,
        operatorState,
        splits: index === 0 ? splits : undefined,
        ...(taken.unionState ? { unionState: true } : {}),
      });
    }
    const stateBytes = operators.reduce(
      (sum, { keyed, operatorState }) =>
        sum + bytesOf(keyed) + (operatorState === undefined ? 0 : lengthOf(operatorState)),
      0,
    );
    this.#stateWritten = true;
    const channels = (await this.#parts.inFlight?.written()) ?? [];
    return {
      snapshot: { operators, channels, finished },
      metrics: {
        ...sync,
        async: clock.monotonic() - begun,
        stateBytes,
        writtenBytes: this.#files.written,
        channelBytes: channels.reduce((sum, { bytes }) => sum + lengthOf(bytes), 0),
      },
    };
  }

  /** Frees everything, and removes what was written. */
  abort(): void {
    for (const { keyed } of this.#operators) keyed?.abort();
    this.#files.discardAll();
  }

  async #writeOperatorState({ uid, operatorState }: StoresSnapshot): Promise<StateBytes | undefined> {
    if (operatorState === undefined) return undefined;
    const file = this.#files.create(`${uid}-list-${this.#parts.subtask}`);
    try {
      file.write(operatorState);
      return await file.close();
    } catch (error) {
      await file.abort();
      throw error;
    }
  }
}

/** Bytes of keyed state, whenever they were written. */
function bytesOf(handle: KeyedStateHandle | undefined): number {
  if (handle === undefined) return 0;
  const all =
    handle.kind === "canonical" ? handle.parts : [handle.header, ...handle.files.map(({ bytes }) => bytes)];
  return all.reduce((sum, bytes) => sum + lengthOf(bytes), 0);
}
