import type { Timestamp } from "../../../../common/time/timestamps.ts";
import type { KeyedPartWriter } from "../../../checkpoint/format/keyed-part.ts";
import type { CapturedEntry, CapturedState } from "../../captured-state.ts";
import type { KeyGroupRange } from "../../keyed-state.ts";
import type { Layout } from "../layout.ts";
import type { KeyTable } from "../key-table.ts";
import type { ColumnSnapshot } from "./column-snapshot.ts";
import { GroupSort, NO_GROUP, type SortSegment } from "./group-sort.ts";
import { READ_AHEAD, ReadAhead } from "./read-ahead.ts";
import { piecesOf } from "./pieces.ts";
import { removalsByGroup, type Removal } from "./removals-by-group.ts";
import type { Slices } from "./slices.ts";
import type { SnapshotSources } from "./snapshot-sources.ts";
import type { TablesSnapshot } from "./tables-snapshot.ts";

/** Elements of a state from which on it is written in pieces. */
const LARGE = 256;
/** Positions sorted between two looks at the pace: whole words of bits. */
const SORTED = 2048;
/** What looking at a position that is not to be written counts, against writing a row. */
const SKIPPED = 1 / 16;

/** What rows are written from. */
export interface RowsWriterParts {
  readonly keys: KeyTable;
  readonly keyGroups: KeyGroupRange;
  readonly maxParallelism: number;
  readonly now: Timestamp;
  readonly sources: SnapshotSources;
  /** Whether only changes are written, so that what is past its time must be removed. */
  readonly changes: boolean;
}

/** Writes the rows of a snapshot, key group by key group. Yields when it is time to rest. */
export class RowsWriter {
  readonly #parts: RowsWriterParts;
  readonly #writer: KeyedPartWriter;
  readonly #slices: Slices;
  readonly #keySort: GroupSort;
  readonly #tableSorts: readonly GroupSort[];
  readonly #ahead = new ReadAhead();
  #removals: ReadonlyMap<number, readonly Removal[]> = new Map();
  /** Used for every entry: encoded before the next one. */
  readonly #entry: { key: unknown; state: number; namespace: number | undefined; value: CapturedState };
  readonly #element: { kind: "element"; value: unknown; time: undefined };

  constructor(parts: RowsWriterParts, writer: KeyedPartWriter, slices: Slices) {
    const { sources, keys, keyGroups } = parts;
    this.#parts = parts;
    this.#writer = writer;
    this.#slices = slices;
    const segments = sources.columns.length === 0 ? [] : [keySegment(keys, sources)];
    this.#keySort = new GroupSort(segments, keyGroups, sources.expectedKeys);
    this.#tableSorts = sources.tables.map(
      ({ snapshot }) => new GroupSort(snapshot.tables, keyGroups, snapshot.expected),
    );
    this.#element = { kind: "element", value: undefined, time: undefined };
    this.#entry = { key: undefined, state: 0, namespace: undefined, value: this.#element };
  }

  /** Finds out what is in which key group. */
  *prepare(): Generator<void> {
    const { removed } = this.#parts.sources;
    for (const sort of [this.#keySort, ...this.#tableSorts]) {
      while (!sort.advance(SORTED)) if (this.#slices.spend(SORTED * SKIPPED)) yield;
    }
    this.#removals = yield* removalsByGroup(removed, this.#parts.maxParallelism, this.#slices);
  }

  /** Writes all of a key group; the writer is at it. */
  *write(keyGroup: number): Generator<void> {
    const { columns, tables } = this.#parts.sources;
    yield* this.#writeRemovals(keyGroup);
    const ids = this.#keySort.positions(keyGroup);
    for (const { state, snapshot } of columns) {
      this.#entry.state = state;
      this.#entry.namespace = undefined;
      yield* this.#writeColumn(snapshot, ids);
      yield* this.#writeColumnImages(snapshot, keyGroup);
    }
    for (const [i, { state, snapshot }] of tables.entries()) {
      this.#entry.state = state;
      yield* this.#writeTables(snapshot, this.#tableSorts[i]!.positions(keyGroup));
      yield* this.#writeTableImages(snapshot, keyGroup);
    }
    if (this.#slices.spend(1)) yield;
  }

  *#writeRemovals(keyGroup: number): Generator<void> {
    const writer = this.#writer;
    for (const { state, namespaces } of this.#parts.sources.dropped) {
      for (const namespace of namespaces) writer.removedNamespace(state, namespace);
      if (this.#slices.spend(namespaces.length)) yield;
    }
    for (const { state, key, namespace } of this.#removals.get(keyGroup) ?? []) {
      writer.removed(state, key, namespace);
      if (this.#slices.spend(1)) yield;
    }
  }

  *#writeColumn(snapshot: ColumnSnapshot, ids: Int32Array): Generator<void> {
    const { keys, now } = this.#parts;
    const { layout, values } = snapshot.column;
    const slices = this.#slices;
    for (let i = 0; i < ids.length; i++) {
      if (i % READ_AHEAD === 0) this.#ahead.touch(keys.keys, values, ids, i, 0);
      const id = ids[i]!;
      const stored = snapshot.take(id);
      if (stored === undefined) {
        if (slices.spend(SKIPPED)) yield;
        continue;
      }
      const weight = layout.weight(stored);
      if (weight <= LARGE) {
        this.#put(keys.keys[id], layout.capture(stored, now));
        if (slices.spend(weight)) yield;
      } else {
        yield* this.#putLarge(layout, keys.keys[id], stored);
      }
    }
  }

  *#writeColumnImages(snapshot: ColumnSnapshot, keyGroup: number): Generator<void> {
    // Each rest may bring the first image, or more of them.
    for (let i = 0; ; i++) {
      const image = snapshot.images(keyGroup)?.[i];
      if (image === undefined) break;
      yield* this.#putPieces(image.key, image.state);
    }
    snapshot.drop(keyGroup);
  }

  *#writeTables(snapshot: TablesSnapshot, positions: Int32Array): Generator<void> {
    const slices = this.#slices;
    const element = this.#element;
    const { tables } = snapshot;
    let t = 0;
    let base = 0;
    for (let i = 0; i < positions.length; i++) {
      while (positions[i]! - base >= tables[t]!.length) base += tables[t++]!.length;
      const { table } = tables[t]!;
      if (i % READ_AHEAD === 0) this.#ahead.touch(table.keys, table.values, positions, i, base);
      const position = positions[i]! - base;
      if (tables[t]!.take(position)) {
        element.value = table.values[position];
        this.#entry.namespace = table.namespace;
        this.#put(table.keys[position], element);
        if (slices.spend(weightOf(element.value))) yield;
      } else if (slices.spend(SKIPPED)) {
        yield;
      }
    }
  }

  *#writeTableImages(snapshot: TablesSnapshot, keyGroup: number): Generator<void> {
    for (let i = 0; ; i++) {
      const image = snapshot.images(keyGroup)?.[i];
      if (image === undefined) break;
      this.#element.value = image.value;
      this.#entry.namespace = image.namespace;
      this.#put(image.key, this.#element);
      if (this.#slices.spend(weightOf(image.value))) yield;
    }
    snapshot.drop(keyGroup);
  }

  #put(key: unknown, value: CapturedState | undefined, continued = false): void {
    const entry = this.#entry;
    entry.key = key;
    if (value === undefined) {
      // What the base holds is older still, but must not come back under a longer time to live.
      if (this.#parts.changes) this.#writer.removed(entry.state, key, undefined);
      return;
    }
    entry.value = value;
    this.#writer.entry(entry satisfies CapturedEntry, continued);
  }

  /** Writes a large state from an image, since it may change meanwhile. */
  *#putLarge(layout: Layout, key: unknown, stored: unknown): Generator<void> {
    const image = layout.image(stored, this.#parts.now);
    try {
      yield* this.#putPieces(key, image);
    } finally {
      layout.releaseImage(stored);
    }
  }

  /** Writes an image, however large. */
  *#putPieces(key: unknown, state: CapturedState | undefined): Generator<void> {
    if (state === undefined) return this.#put(key, undefined);
    let continued = false;
    for (const piece of piecesOf(state, LARGE)) {
      this.#put(key, piece.state, continued);
      continued = true;
      if (this.#slices.spend(piece.weight)) yield;
    }
    if (!continued) this.#put(key, undefined);
  }
}

/** Values of tables may be lists of records. */
function weightOf(value: unknown): number {
  return Array.isArray(value) ? 1 + value.length : 1;
}

/** The keys that have something in a column that is written. */
function keySegment(keys: KeyTable, { columns }: SnapshotSources): SortSegment {
  const selections = columns.flatMap(({ snapshot: { selected } }) =>
    selected === undefined ? [] : [selected],
  );
  return {
    length: keys.keys.length,
    selected: selections.length === 0 ? undefined : selections,
    groupOf: (id) => (keys.keys[id] === undefined ? NO_GROUP : keys.keyGroups[id]!),
  };
}
