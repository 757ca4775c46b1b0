import { KEY_HASH_VERSION } from "../../../../common/keys/hash-key.ts";
import type { OperatorUid } from "../../../../common/ids/ids.ts";
import { MIN_WATERMARK, type Timestamp } from "../../../../common/time/timestamps.ts";
import type { KeyedStateHandle, StateBytes } from "../../../../protocol/control/snapshots.ts";
import { createKeyedPartWriter } from "../../../checkpoint/format/create-keyed-part-writer.ts";
import type { KeyedPartWriter } from "../../../checkpoint/format/keyed-part.ts";
import type { StateFiles } from "../../../checkpoint/storage/state-files.ts";
import type { KeyedSnapshot, SnapshotPace } from "../../keyed-snapshot.ts";
import type { KeyGroupRange } from "../../keyed-state.ts";
import type { ParkedStates } from "../../restore/parked-states.ts";
import type { SnapshotPlan } from "../changes/change-history.ts";
import type { KeyTable } from "../key-table.ts";
import { RowsWriter } from "./rows-writer.ts";
import { aborted, Slices } from "./slices.ts";
import type { SnapshotSources } from "./snapshot-sources.ts";

/** What a snapshot is made of, as of the moment of the barrier. */
export interface HeapSnapshotParts {
  readonly operator: OperatorUid;
  readonly label: string;
  readonly maxParallelism: number;
  readonly keyGroups: KeyGroupRange;
  readonly keys: KeyTable;
  /** Processing time. */
  readonly now: Timestamp;
  /** By key group, from the first. */
  readonly watermarks: Float64Array;
  readonly sources: SnapshotSources;
  /** Restored states that nobody has asked for. */
  readonly parked: ParkedStates;
  readonly plan: SnapshotPlan;
  readonly files: StateFiles;
  /** Rows, about, between two looks at the pace. */
  readonly lookEvery: number;
  /** Nothing more is read from the store. */
  readonly onRelease: () => void;
}

/** State on the heap as of the moment of the barrier, on its way to storage. */
export class HeapSnapshot implements KeyedSnapshot {
  readonly #parts: HeapSnapshotParts;
  #slices: Slices | undefined;
  #released = false;
  #settled = false;

  constructor(parts: HeapSnapshotParts) {
    this.#parts = parts;
  }

  async write(pace: SnapshotPace): Promise<KeyedStateHandle | undefined> {
    let writer: KeyedPartWriter | undefined;
    try {
      if (this.#settled) throw aborted();
      if (this.#nothingNew()) return this.#done(undefined);
      writer = this.#createWriter();
      const slices = (this.#slices = new Slices(pace, writer, this.#parts.lookEvery));
      for (const _ of this.#rows(writer, slices)) await slices.rest();
      this.#release();
      return this.#done(await slices.unlessAborted(writer.finish()));
    } catch (error) {
      this.abort();
      await writer?.abort();
      throw error;
    }
  }

  abort(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#release();
    this.#parts.plan.aborted();
    this.#slices?.abort();
  }

  /** Whether there is nothing at all, or nothing that the base does not say. */
  #nothingNew(): boolean {
    const { sources, parked, plan, watermarks } = this.#parts;
    if (sources.metas.length > 0) return false;
    if (plan.base === undefined)
      return parked.metas.length === 0 && watermarks.every((watermark) => watermark === MIN_WATERMARK);
    const before = plan.base.chain.watermarks;
    return watermarks.every((watermark, i) => watermark === before[i]);
  }

  #createWriter(): KeyedPartWriter {
    const { operator, maxParallelism, keyGroups, sources, parked, plan, files, label } = this.#parts;
    const changes = plan.base !== undefined;
    return createKeyedPartWriter(
      files,
      {
        operator,
        maxParallelism,
        keyHashVersion: KEY_HASH_VERSION,
        keyGroups,
        content: changes ? "changes" : "full",
      },
      changes ? sources.metas : [...sources.metas, ...parked.metas],
      label,
    );
  }

  *#rows(writer: KeyedPartWriter, slices: Slices): Generator<void> {
    const { keyGroups, watermarks, sources, parked, plan } = this.#parts;
    const changes = plan.base !== undefined;
    const rows = new RowsWriter({ ...this.#parts, changes }, writer, slices);
    yield* rows.prepare();
    for (let keyGroup = keyGroups.start; keyGroup < keyGroups.end; keyGroup++) {
      writer.keyGroup(keyGroup, watermarks[keyGroup - keyGroups.start]!);
      yield* rows.write(keyGroup);
      if (!changes) yield* parked.write(writer, sources.metas.length, keyGroup, slices);
    }
  }

  #done(part: StateBytes | undefined): KeyedStateHandle | undefined {
    this.#settled = true;
    this.#release();
    const { plan, keyGroups } = this.#parts;
    const chain = plan.written(part);
    return chain && { kind: "canonical", keyGroups, parts: chain.parts };
  }

  #release(): void {
    if (this.#released) return;
    this.#released = true;
    const { sources, onRelease } = this.#parts;
    for (const { snapshot } of [...sources.columns, ...sources.tables]) snapshot.release();
    onRelease();
  }
}
