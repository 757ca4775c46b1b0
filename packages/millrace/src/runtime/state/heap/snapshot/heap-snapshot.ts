import { KEY_HASH_VERSION } from "../../../../common/keys/hash-key.ts";
import type { OperatorUid } from "../../../../common/ids/ids.ts";
import { MIN_WATERMARK, type Timestamp } from "../../../../common/time/timestamps.ts";
import type { KeyedStateHandle, StateBytes } from "../../../../protocol/control/snapshots.ts";
import { createGroupedPartWriter } from "../../../checkpoint/format/create-grouped-part-writer.ts";
import type { GroupedPartWriter } from "../../../checkpoint/format/keyed-part.ts";
import type { StateFiles } from "../../../checkpoint/storage/state-files.ts";
import type { KeyedSnapshot, SnapshotPace } from "../../keyed-snapshot.ts";
import type { KeyGroupRange } from "../../keyed-state.ts";
import type { ParkedStates } from "../../restore/parked-states.ts";
import type { SnapshotPlan } from "../changes/change-history.ts";
import type { KeyTable } from "../key-table.ts";
import { PartRows } from "./part-rows.ts";
import { RowsWriter } from "./rows-writer.ts";
import { aborted, Slices } from "./slices.ts";
import { snapshotSources, type SnapshotSources, type StateSource } from "./snapshot-sources.ts";

/** What writing a block that is gathered counts, against writing a row. */
const FLUSH = 16;

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
  readonly states: readonly StateSource[];
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
  readonly #sources: SnapshotSources;
  readonly #rows: PartRows;
  #slices: Slices | undefined;
  #released = false;
  #settled = false;
  #writing = false;

  constructor(parts: HeapSnapshotParts) {
    const { keys, states, plan, maxParallelism, now } = parts;
    this.#parts = parts;
    this.#rows = new PartRows(() => this.#createWriter(), plan.base !== undefined);
    this.#sources = snapshotSources(
      { keys, delta: plan.base?.delta, maxParallelism, now, rows: this.#rows },
      states,
    );
  }

  async write(pace: SnapshotPace): Promise<KeyedStateHandle | undefined> {
    const rows = this.#rows;
    this.#writing = true;
    try {
      if (this.#settled) throw aborted();
      if (this.#nothingNew()) return this.#done(undefined);
      const { writer } = rows;
      const slices = (this.#slices = new Slices(pace, writer, this.#parts.lookEvery));
      for (const _ of this.#write(writer, slices)) {
        if (rows.failure !== undefined) throw rows.failure;
        await slices.rest();
      }
      this.#release();
      if (rows.failure !== undefined) throw rows.failure;
      return this.#done(await slices.unlessAborted(writer.finish()));
    } catch (error) {
      this.abort();
      await rows.opened?.abort();
      throw error;
    }
  }

  abort(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#release();
    this.#parts.plan.aborted();
    this.#slices?.abort();
    // Rows may have come before anybody wrote. What is left of a file does no harm.
    if (!this.#writing) this.#rows.opened?.abort().catch(() => {});
  }

  /** Whether there is nothing at all, or nothing that the base does not say. */
  #nothingNew(): boolean {
    const { parked, plan, watermarks } = this.#parts;
    if (this.#sources.metas.length > 0) return false;
    if (plan.base === undefined)
      return parked.metas.length === 0 && watermarks.every((watermark) => watermark === MIN_WATERMARK);
    const before = plan.base.chain.watermarks;
    return watermarks.every((watermark, i) => watermark === before[i]);
  }

  #createWriter(): GroupedPartWriter {
    const { operator, maxParallelism, keyGroups, parked, plan, files, label } = this.#parts;
    const { metas, expected } = this.#sources;
    const changes = plan.base !== undefined;
    return createGroupedPartWriter(
      files,
      {
        operator,
        maxParallelism,
        keyHashVersion: KEY_HASH_VERSION,
        keyGroups,
        content: changes ? "changes" : "full",
      },
      changes ? metas : [...metas, ...parked.metas],
      label,
      expected,
    );
  }

  *#write(writer: GroupedPartWriter, slices: Slices): Generator<void> {
    const { keyGroups, watermarks, parked, plan } = this.#parts;
    const sources = this.#sources;
    for (let keyGroup = keyGroups.start; keyGroup < keyGroups.end; keyGroup++)
      writer.watermark(keyGroup, watermarks[keyGroup - keyGroups.start]!);
    yield* new RowsWriter({ ...this.#parts, sources }, this.#rows, slices).write();
    if (plan.base === undefined) {
      for (let keyGroup = keyGroups.start; keyGroup < keyGroups.end; keyGroup++)
        yield* parked.write(writer.group(keyGroup), sources.metas.length, keyGroup, slices);
    }
    while (writer.flushSome()) if (slices.spend(FLUSH)) yield;
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
    for (const snapshot of [...this.#sources.columns, ...this.#sources.tables]) snapshot.release();
    this.#parts.onRelease();
  }
}
