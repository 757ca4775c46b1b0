import {
  createKeyedPartWriter,
  isExpired,
  KEY_HASH_VERSION,
  keyIndex,
  MIN_WATERMARK,
  type CapturedElement,
  type CapturedState,
  type KeyedPartWriter,
  type KeyedSnapshotRequest,
  type KeyIndex,
  type SnapshotPace,
  type StateBytes,
  type StateMeta,
} from "millrace/internal/state-backend";
import type { RocksCursor } from "../db/rocks-cursor.ts";
import { KeyReader } from "../rows/read-key.ts";
import { after, Part, RowKey, Space } from "../rows/row-key.ts";
import { readSortable, SORTABLE, U48 } from "../rows/sortable.ts";
import type { ValueCodecs } from "../rows/value-codecs.ts";
import type { StoreView } from "../state/store-view.ts";
import type { RocksState } from "../state/rocks-states.ts";
import { isTimers } from "../state/rocks-states.ts";
import type { StoreMeta } from "./store-meta.ts";

/** Elements of one collection that are written at a time. */
const CHUNK = 1024;
/** Bytes that may wait for the disk. */
const BACKLOG = 4 * 1024 * 1024;
const ROWS = 32;
const NOTHING = Buffer.alloc(0);

/** A list, a map, or the timers of a key, as far as its rows were read. */
interface Collection {
  readonly state: RocksState;
  readonly codecs: ValueCodecs;
  readonly meta: StateMeta;
  readonly key: unknown;
  readonly namespace: string | undefined;
  readonly elements: { readonly number: number; readonly key: unknown; readonly element: CapturedElement }[];
}

/** The rows of a store as they are when this is made, in the canonical form. Cursors stay open until `close`. */
export class CanonicalRows {
  readonly #store: StoreView;
  /** As they were then: a state may be declared while rows are being read. */
  readonly #states: readonly {
    readonly state: RocksState;
    readonly meta: StateMeta;
    readonly codecs: ValueCodecs;
  }[];
  readonly #keyed: RowWalk;
  readonly #tables: readonly { readonly state: number; readonly namespace: number; readonly walk: RowWalk }[];
  readonly #reader = new KeyReader();
  readonly #now: number;
  /** By state: the key that was written last. */
  readonly #last = new Map<number, KeyIndex>();
  #collection: Collection | undefined;
  #entries = 0;

  /** @param now when the barrier came: what was past its time then is left out */
  constructor(store: StoreView, meta: StoreMeta, now: number) {
    this.#store = store;
    this.#now = now;
    this.#states = store.states.all
      .slice(0, meta.states.length)
      .map((state) => ({ state, meta: state.meta, codecs: state.codecs }));
    const keyed = Uint8Array.of(Space.KEYED);
    this.#keyed = new RowWalk(store.db.scan(keyed, after(keyed)), 1);
    this.#tables = meta.tables.map(({ id, state, namespace }) => {
      const prefix = new RowKey().begin(Space.TABLES).u32(id).copy();
      const db = store.tables.families.get(id) ?? store.db;
      return { state, namespace, walk: new RowWalk(db.scan(prefix, after(prefix)), prefix.length) };
    });
  }

  /** The part; undefined where there is nothing to be said. */
  async write(
    request: KeyedSnapshotRequest,
    watermarks: readonly number[],
    pace: SnapshotPace,
    check: () => void,
  ): Promise<StateBytes | undefined> {
    const { keyGroups, maxParallelism, request: store } = this.#store;
    const writer = createKeyedPartWriter(
      request.files,
      {
        operator: store.operator,
        maxParallelism,
        keyHashVersion: KEY_HASH_VERSION,
        keyGroups,
        content: "full",
      },
      this.#states.map(({ meta }) => meta),
      `${store.operatorName}-${store.subtaskIndex}`,
    );
    try {
      for (let keyGroup = keyGroups.start; keyGroup < keyGroups.end; keyGroup++) {
        writer.keyGroup(keyGroup, watermarks[keyGroup - keyGroups.start]!);
        await this.#writeKeyGroup(keyGroup, writer, pace, check);
      }
    } catch (error) {
      await writer.abort();
      throw error;
    }
    if (this.#entries > 0 || watermarks.some((watermark) => watermark !== MIN_WATERMARK))
      return writer.finish();
    await writer.abort();
    return undefined;
  }

  close(): void {
    this.#keyed.close();
    for (const { walk } of this.#tables) walk.close();
  }

  async #writeKeyGroup(
    keyGroup: number,
    writer: KeyedPartWriter,
    pace: SnapshotPace,
    check: () => void,
  ): Promise<void> {
    let rows = 0;
    this.#last.clear();
    const pause = async (): Promise<void> => {
      if (writer.backlog > BACKLOG) await writer.drained();
      else if (pace.over) await pace.next();
      check();
    };
    while (this.#keyed.in(keyGroup)) {
      this.#row(writer);
      if (++rows % ROWS === 0) await pause();
    }
    this.#finishCollection(writer);
    for (const { state, namespace, walk } of this.#tables) {
      const { codecs } = this.#states[state]!;
      while (walk.in(keyGroup)) {
        const key = this.#reader.at(walk.key, 7).key();
        writer.entry({ key, state, namespace, value: this.#read(codecs, walk.value, 1) });
        walk.advance();
        this.#entries++;
        if (++rows % ROWS === 0) await pause();
      }
    }
  }

  /** One row of a keyed state. */
  #row(writer: KeyedPartWriter): void {
    const { key: bytes, value } = this.#keyed;
    const reader = this.#reader.at(bytes, 3);
    const key = reader.key();
    const { state, meta, codecs } = this.#states[bytes.readUInt16BE(reader.position)]!;
    reader.position += 2;
    const namespace = meta.layout === "namespaced" ? (reader.key() as string) : undefined;
    if (state.body.kind === "elements") {
      this.#finishCollection(writer);
      const element = this.#read(codecs, value, 1);
      if (!this.#isOver(state, element)) this.#emit(writer, state.id, key, namespace, element);
    } else if (bytes[reader.position] === Part.META) {
      this.#finishCollection(writer);
      this.#collection = { state, codecs, meta, key, namespace, elements: [] };
    } else {
      this.#element(reader.position + 1);
      if (this.#collection!.elements.length >= CHUNK) this.#writeCollection(writer, this.#collection!);
    }
    this.#keyed.advance();
  }

  #element(at: number): void {
    const { key: bytes, value } = this.#keyed;
    const { state, codecs, meta, elements } = this.#collection!;
    if (isTimers(meta.layout)) {
      const time = readSortable(bytes, at);
      const namespace = this.#reader.at(bytes, at + SORTABLE).key();
      elements.push({
        number: value.readUIntBE(0, U48),
        key: namespace,
        element: { kind: "element", value: undefined, time },
      });
      return;
    }
    const key = meta.kind === "map" ? this.#reader.at(bytes, at).key() : undefined;
    const element = this.#read(codecs, value, 7);
    if (!this.#isOver(state, element)) elements.push({ number: value.readUIntBE(1, U48), key, element });
  }

  /** A value of a row; `at` is where its time or itself begins. */
  #read(codecs: ValueCodecs, bytes: Buffer, at: number): CapturedElement {
    const encoding = bytes[0]!;
    const timed = codecs.isTimed(encoding);
    const value = codecs.decode(encoding, bytes.subarray(timed ? at + 8 : at));
    if (!codecs.timed) return { kind: "element", value, time: undefined };
    return { kind: "element", value, time: timed ? bytes.readDoubleLE(at) : this.#store.restoredAt };
  }

  /** Whether an element is past its time: then it is left out. */
  #isOver({ policy }: RocksState, { time }: CapturedElement): boolean {
    return (
      policy !== undefined && time !== undefined && isExpired({ value: undefined, time }, policy, this.#now)
    );
  }

  #finishCollection(writer: KeyedPartWriter): void {
    const collection = this.#collection;
    this.#collection = undefined;
    if (collection !== undefined && collection.elements.length > 0) this.#writeCollection(writer, collection);
  }

  #writeCollection(writer: KeyedPartWriter, { state, meta, key, namespace, elements }: Collection): void {
    const sorted = elements.splice(0).sort((a, b) => a.number - b.number);
    this.#emit(writer, state.id, key, namespace, captured(meta, sorted));
  }

  #emit(
    writer: KeyedPartWriter,
    state: number,
    key: unknown,
    namespace: string | undefined,
    value: CapturedState,
  ): void {
    this.#entries++;
    const whole: CapturedState =
      namespace === undefined ? value : { kind: "namespaces", namespaces: [[namespace, value]] };
    // What a key has of one state comes in pieces, which nothing of that state separates.
    const index = keyIndex(key);
    writer.entry({ key, state, namespace: undefined, value: whole }, this.#last.get(state) === index);
    this.#last.set(state, index);
  }
}

function captured(meta: StateMeta, elements: Collection["elements"]): CapturedState {
  if (isTimers(meta.layout)) {
    const timers = elements.map(({ key, element: { time } }) => ({ time: time!, namespace: key as string }));
    return { kind: "timers", timers };
  }
  return meta.kind === "map"
    ? { kind: "map", entries: elements.map(({ key, element }) => [key, element] as const) }
    : { kind: "list", elements: elements.map(({ element }) => element) };
}

/** A cursor that stands on a row, so that its key group can be asked for. */
class RowWalk {
  /** The row that it stands on: copies, because other calls on the database overwrite what a cursor gives. */
  key: Buffer = NOTHING;
  value: Buffer = NOTHING;
  readonly #cursor: RocksCursor;
  /** Where the key group stands in a row's key. */
  readonly #at: number;
  #there = false;

  constructor(cursor: RocksCursor, at: number) {
    this.#cursor = cursor;
    this.#at = at;
    this.advance();
  }

  /** Whether it stands on a row of the key group. */
  in(keyGroup: number): boolean {
    return this.#there && this.key.readUInt16BE(this.#at) === keyGroup;
  }

  advance(): void {
    const cursor = this.#cursor;
    this.#there = cursor.next();
    if (!this.#there) return;
    this.key = Buffer.from(cursor.key.subarray(0, cursor.keyLength));
    this.value = Buffer.from(cursor.value.subarray(0, cursor.valueLength));
  }

  close(): void {
    this.#cursor.close();
  }
}
