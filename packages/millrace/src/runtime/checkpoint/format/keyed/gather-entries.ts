import { NO_TIMESTAMP, type Timestamp } from "../../../../common/time/timestamps.ts";
import type {
  CapturedElement,
  CapturedEntry,
  CapturedState,
  CapturedTimer,
} from "../../../state/captured-state.ts";
import { isSingle, isTimers, type RowForm, type StateRow } from "./state-row.ts";

/** Where rows are read from. */
export interface RowCursor {
  /** Moves to the next row; false at the end. */
  next(): boolean;
  readonly row: StateRow;
  /** The row's time, or -Infinity. */
  readonly slot: Timestamp;
  /** The error for a row that can't stand where it stands. */
  damaged(what: string): Error;
}

/** Makes entries of rows. `state` is the index that they get. */
export function gatherEntries(rows: RowCursor, meta: RowForm, state: number): Iterable<CapturedEntry> {
  return isSingle(meta) ? singles(rows, meta, state) : groups(rows, meta, state);
}

function* singles(rows: RowCursor, meta: RowForm, state: number): Generator<CapturedEntry> {
  const tables = meta.layout === "tables";
  while (rows.next()) {
    const { row, slot } = rows;
    if (row.k === undefined) throw rows.damaged("a row without a key");
    yield {
      key: row.k,
      state,
      namespace: tables ? slot : undefined,
      value: element(row.v, tables ? NO_TIMESTAMP : slot),
    };
  }
}

function* groups(rows: RowCursor, meta: RowForm, state: number): Generator<CapturedEntry> {
  let builder: EntryBuilder | undefined;
  let key: unknown;
  while (rows.next()) {
    const { row } = rows;
    if (row.k !== undefined) {
      if (builder !== undefined) yield { key, state, namespace: undefined, value: builder.state };
      key = row.k;
      builder = builderOf(meta);
    }
    if (builder?.add(row, rows.slot) !== true) throw rows.damaged("a row that continues nothing");
  }
  if (builder !== undefined) yield { key, state, namespace: undefined, value: builder.state };
}

/** Gathers the rows of one entry. */
interface EntryBuilder {
  readonly state: CapturedState;
  /** Adds a row; false when it can't be one of this entry's. */
  add(row: StateRow, slot: Timestamp): boolean;
}

function builderOf(meta: RowForm): EntryBuilder {
  if (isTimers(meta)) return new TimersBuilder();
  return meta.layout === "namespaced" ? new NamespacesBuilder(meta.kind) : innerBuilder(meta.kind);
}

function innerBuilder(kind: RowForm["kind"]): EntryBuilder {
  if (kind === "list") return new ListBuilder();
  return kind === "map" ? new MapBuilder() : new ElementBuilder();
}

class ElementBuilder implements EntryBuilder {
  state: CapturedElement = NOTHING;

  add({ v }: StateRow, slot: Timestamp): boolean {
    if (this.state !== NOTHING) return false;
    this.state = element(v, slot);
    return true;
  }
}

class ListBuilder implements EntryBuilder {
  readonly #elements: CapturedElement[] = [];
  readonly state: CapturedState = { kind: "list", elements: this.#elements };

  add({ v }: StateRow, slot: Timestamp): boolean {
    this.#elements.push(element(v, slot));
    return true;
  }
}

class MapBuilder implements EntryBuilder {
  readonly #entries: [unknown, CapturedElement][] = [];
  readonly state: CapturedState = { kind: "map", entries: this.#entries };

  add({ m, v }: StateRow, slot: Timestamp): boolean {
    this.#entries.push([m, element(v, slot)]);
    return true;
  }
}

class TimersBuilder implements EntryBuilder {
  readonly #timers: CapturedTimer[] = [];
  readonly state: CapturedState = { kind: "timers", timers: this.#timers };

  add({ n, v }: StateRow): boolean {
    this.#timers.push({ time: v as Timestamp, namespace: n ?? "" });
    return true;
  }
}

class NamespacesBuilder implements EntryBuilder {
  readonly #kind: RowForm["kind"];
  readonly #namespaces: [string, CapturedState][] = [];
  readonly state: CapturedState = { kind: "namespaces", namespaces: this.#namespaces };
  #inner: EntryBuilder | undefined;
  #name = "";

  constructor(kind: RowForm["kind"]) {
    this.#kind = kind;
  }

  add(row: StateRow, slot: Timestamp): boolean {
    if (typeof row.n === "string") {
      this.#name = row.n;
      this.#inner = innerBuilder(this.#kind);
      if (!this.#inner.add(row, slot)) return false;
      this.#namespaces.push([this.#name, this.#inner.state]);
      return true;
    }
    return this.#inner?.add(row, slot) === true;
  }
}

const NOTHING: CapturedElement = { kind: "element", value: undefined, time: undefined };

function element(value: unknown, slot: Timestamp): CapturedElement {
  return { kind: "element", value, time: slot === NO_TIMESTAMP ? undefined : slot };
}
