import { hashKey } from "../../../../common/keys/hash-key.ts";
import { keyGroupOf } from "../../../../common/keys/key-groups.ts";
import type { Timestamp } from "../../../../common/time/timestamps.ts";
import type { CapturedState } from "../../captured-state.ts";
import type { KeyGroupRange } from "../../keyed-state.ts";
import type { BitWords } from "../changes/bits.ts";
import type { KeyTable } from "../key-table.ts";
import type { ColumnSnapshot } from "./column-snapshot.ts";
import type { PartRows } from "./part-rows.ts";
import { piecesOf } from "./pieces.ts";
import type { Slices } from "./slices.ts";
import type { SnapshotSources } from "./snapshot-sources.ts";
import type { TableSnapshot } from "./tables-snapshot.ts";

/** Elements of a state from which on it is written in pieces. */
const LARGE = 256;
/** What looking at a position that is not to be written counts, against writing a row. */
const SKIPPED = 1 / 16;

/** What rows are written from. */
export interface RowsWriterParts {
  readonly keys: KeyTable;
  readonly keyGroups: KeyGroupRange;
  readonly maxParallelism: number;
  readonly now: Timestamp;
  readonly sources: SnapshotSources;
}

/**
 * Writes the rows of a snapshot in the order in which the store holds them, whose entries so come from memory as they lie there; the part
 * gathers them by key group. Yields when it is time to rest.
 */
export class RowsWriter {
  readonly #parts: RowsWriterParts;
  readonly #rows: PartRows;
  readonly #slices: Slices;

  constructor(parts: RowsWriterParts, rows: PartRows, slices: Slices) {
    this.#parts = parts;
    this.#rows = rows;
    this.#slices = slices;
  }

  *write(): Generator<void> {
    yield* this.#writeRemovals();
    for (const column of this.#parts.sources.columns) yield* this.#writeColumn(column);
    for (const { tables } of this.#parts.sources.tables)
      for (const table of tables) yield* this.#writeTable(table);
  }

  *#writeRemovals(): Generator<void> {
    const { sources, keyGroups, maxParallelism } = this.#parts;
    const { writer } = this.#rows;
    for (const { state, namespaces } of sources.dropped) {
      for (let keyGroup = keyGroups.start; keyGroup < keyGroups.end; keyGroup++) {
        for (const namespace of namespaces) writer.removedNamespace(keyGroup, state, namespace);
        if (this.#slices.spend(namespaces.length)) yield;
      }
    }
    for (const { state, namespace, keys } of sources.removed) {
      for (const key of keys) {
        writer.removed(keyGroupOf(hashKey(key), maxParallelism), state, key, namespace);
        if (this.#slices.spend(1)) yield;
      }
    }
  }

  *#writeColumn(snapshot: ColumnSnapshot): Generator<void> {
    for (let stopped = this.#writeRun(snapshot); stopped !== "end"; stopped = this.#writeRun(snapshot)) {
      if (stopped === "rest") yield;
      else yield* this.#writeLarge(snapshot, snapshot.cursor - 1);
    }
    yield* this.#writeImages(snapshot);
  }

  /** Writes rows until it is time to rest, or the one before the cursor is a large one, or there are no more. No generator: it runs hot. */
  #writeRun(snapshot: ColumnSnapshot): "rest" | "large" | "end" {
    const { length, selected } = snapshot;
    for (
      let id = nextOf(selected, snapshot.cursor, length);
      id < length;
      id = nextOf(selected, id + 1, length)
    ) {
      const stored = snapshot.take(id);
      snapshot.cursor = id + 1;
      const weight = stored === undefined ? 0 : this.#writeStored(snapshot, id, stored);
      if (weight > LARGE) return "large";
      if (this.#slices.spend(weight || SKIPPED)) return "rest";
    }
    snapshot.cursor = length;
    return "end";
  }

  /** Writes what is not large; how large it is. */
  #writeStored({ column: { layout }, state }: ColumnSnapshot, id: number, stored: unknown): number {
    const weight = layout.weight(stored);
    if (weight > LARGE) return weight;
    const { keys, now } = this.#parts;
    this.#rows.put(keys.keyGroups[id]!, state, undefined, keys.keys[id], layout.capture(stored, now));
    return weight;
  }

  /** From an image, since it may change meanwhile. */
  *#writeLarge({ column: { layout, values }, state }: ColumnSnapshot, id: number): Generator<void> {
    const { keys, now } = this.#parts;
    const stored = values[id];
    const key = keys.keys[id];
    const keyGroup = keys.keyGroups[id]!;
    const image = layout.image(stored, now);
    try {
      yield* this.#writePieces(keyGroup, state, key, image);
    } finally {
      layout.releaseImage(stored);
    }
  }

  *#writeImages({ images, state, column }: ColumnSnapshot): Generator<void> {
    for (let image = images.pop(); image !== undefined; image = images.pop()) {
      try {
        yield* this.#writePieces(image.keyGroup, state, image.key, image.state);
      } finally {
        column.layout.releaseImage(image.stored);
      }
    }
  }

  *#writeTable(snapshot: TableSnapshot): Generator<void> {
    while (this.#writeTableRun(snapshot)) yield;
  }

  /** Writes until it is time to rest, or there are no more, which is false. */
  #writeTableRun(snapshot: TableSnapshot): boolean {
    const { length, selected } = snapshot;
    for (
      let at = nextOf(selected, snapshot.cursor, length);
      at < length;
      at = nextOf(selected, at + 1, length)
    ) {
      const weight = snapshot.write(at);
      snapshot.cursor = at + 1;
      if (this.#slices.spend(weight || SKIPPED)) return true;
    }
    snapshot.cursor = length;
    return false;
  }

  /** Writes an image, however large. */
  *#writePieces(
    keyGroup: number,
    state: number,
    key: unknown,
    image: CapturedState | undefined,
  ): Generator<void> {
    let continued = false;
    for (const piece of image === undefined ? [] : piecesOf(image, LARGE)) {
      this.#rows.put(keyGroup, state, undefined, key, piece.state, continued);
      continued = true;
      if (this.#slices.spend(piece.weight)) yield;
    }
    if (!continued) this.#rows.put(keyGroup, state, undefined, key, undefined);
  }
}

/** The first position from `from` on that is selected, where all are if there is no selection; `length` or more where there is none. */
function nextOf(selected: BitWords | undefined, from: number, length: number): number {
  if (selected === undefined || from >= length) return from;
  let at = from >>> 5;
  let word = selected[at]! & (-1 << (from & 31));
  while (word === 0) {
    if (++at * 32 >= length) return length;
    word = selected[at] ?? 0;
  }
  return at * 32 + 31 - Math.clz32(word & -word);
}
