import {
  keyIndex,
  MillraceError,
  MIN_WATERMARK,
  type InternalTimerService,
  type KeyedSnapshot,
  type KeyedSnapshotRequest,
  type KeyedStateHandle,
  type KeyGroupRange,
  type KeyIndex,
  type NamespacedState,
  type NamespaceTables,
  type SnapshotKeyedStore,
  type StateDescriptor,
  type StateFiles,
  type StateHandle,
  type StateStoreRequest,
  type TimerTarget,
  type Timestamp,
  type TypeInfo,
} from "millrace/internal/state-backend";
import type { Rows } from "../cache/element-map.ts";
import { KeyWatch } from "../cache/key-watch.ts";
import { WriteBack } from "../cache/write-back.ts";
import { RocksDb } from "../db/rocks-db.ts";
import { RowKey } from "../rows/row-key.ts";
import { RowValue } from "../rows/row-value.ts";
import { ConfirmedFiles } from "../snapshot/confirmed-files.ts";
import { RestoredState } from "../snapshot/restored-state.ts";
import { SnapshotRun } from "../snapshot/snapshot-run.ts";
import { CurrentKey } from "./current-key.ts";
import { keysOf, walkKeys } from "./key-walk.ts";
import { RocksStates } from "./rocks-states.ts";
import { RowSweep } from "./row-sweep.ts";
import type { RocksStoreParts, StoreView } from "./store-view.ts";
import { TableRows } from "./table-rows.ts";

/** Keyed state of one operator in one subtask, in a RocksDB of its own behind a cache of live objects. */
export class RocksKeyedStateStore implements SnapshotKeyedStore, StoreView {
  readonly maxParallelism: number;
  readonly keyGroups: KeyGroupRange;
  readonly request: StateStoreRequest;
  readonly parts: RocksStoreParts;
  readonly where: string;
  readonly keys: CurrentKey;
  readonly writeBack: WriteBack;
  readonly keyWatch: KeyWatch;
  /** Opened with the first use; before that a restore may bring its files. */
  #opened: OpenedStore | undefined;
  readonly #confirmed = new ConfirmedFiles();
  #restored: RestoredState | undefined;
  /** When it was restored, or made: the time of elements that had none and have a time to live now. */
  restoredAt: Timestamp;
  #watermark = MIN_WATERMARK;
  readonly #watermarks = new Map<number, Timestamp>();
  #run: SnapshotRun | undefined;
  #selections = 0;
  #disposed = false;

  constructor(request: StateStoreRequest, parts: RocksStoreParts) {
    const { maxParallelism, keyGroups, clock } = request;
    this.maxParallelism = maxParallelism;
    this.keyGroups = keyGroups;
    this.request = request;
    this.parts = parts;
    this.where = `operator "${request.operatorName}"`;
    this.keys = new CurrentKey({ maxParallelism, keyGroups, clock, where: this.where });
    this.writeBack = new WriteBack(parts.dirtyLimit);
    this.keyWatch = new KeyWatch(this.where);
    this.restoredAt = clock.now();
  }

  get keyCount(): number {
    this.#restored?.loadAll();
    const counted = new Set<KeyIndex>();
    for (const state of this.states.all) for (const key of keysOf(state, this.db)) counted.add(keyIndex(key));
    return counted.size;
  }

  /** The database. */
  get db(): RocksDb {
    return this.#open().db;
  }

  get states(): RocksStates {
    return this.#open().states;
  }

  get tables(): TableRows {
    return this.#open().tables;
  }

  setCurrentKey(key: unknown): void {
    this.keys.select(key);
    if ((++this.#selections & 0x3ff) === 0) this.#opened?.tables.clean();
  }

  clearCurrentKey(): void {
    this.keys.deselect();
  }

  currentKey(): unknown {
    return this.keys.get();
  }

  getState<D extends StateDescriptor>(name: string, descriptor: D): StateHandle<D> {
    return this.states.keyed(name, descriptor);
  }

  getNamespacedState<D extends StateDescriptor>(name: string, descriptor: D): NamespacedState<D> {
    return this.states.namespaced(name, descriptor);
  }

  getNamespaceTables<V>(name: string, type: TypeInfo<V> | undefined): NamespaceTables<V> {
    return this.states.tables(name, type);
  }

  getTimerService(name: string, target: TimerTarget): InternalTimerService {
    const service = this.states.timers(name);
    service.target = target;
    return service;
  }

  forEachKey(name: string, visit: (key: unknown) => void): void {
    const state = this.states.find(name, "keyed");
    if (state === undefined || state.body.kind === "tables")
      throw this.misuse(`there is no state "${name}" to visit the keys of`);
    const before = this.keys.mark();
    walkKeys(state, this.db, (key) => {
      this.keys.select(key);
      visit(this.keys.get());
    });
    this.keys.reset(before);
  }

  restoredWatermark(keyGroup: number): Timestamp {
    return this.#watermarks.get(keyGroup) ?? MIN_WATERMARK;
  }

  setWatermark(watermark: Timestamp): void {
    this.#watermark = watermark;
  }

  /** The watermark that a snapshot of now has for a key group. */
  watermarkOf(keyGroup: number): Timestamp {
    return Math.max(this.#watermark, this.restoredWatermark(keyGroup));
  }

  async restore(handles: readonly KeyedStateHandle[], files: StateFiles): Promise<void> {
    if (this.#opened !== undefined) throw this.misuse("it is restored after its states were asked for");
    this.restoredAt = this.request.clock.now();
    this.#restored = new RestoredState(this, handles, files);
    const database = await this.#restored.fetch();
    if (database !== undefined) this.#confirmed.restored(database.confirmed);
    const opened = this.#open();
    opened.states.onDeclared = (state) => this.#restored?.load(state);
    await this.#restored.open((keyGroup, watermark) => this.#watermarks.set(keyGroup, watermark));
    opened.states.waiting = this.#restored.headers;
  }

  restored(): void {
    if (this.#restored !== undefined) {
      this.#restored.finish();
      this.keyWatch.begin();
    }
    this.#restored = undefined;
    this.states.onDeclared = undefined;
    this.states.waiting = [];
  }

  snapshot(request: KeyedSnapshotRequest): KeyedSnapshot {
    if (this.#run !== undefined) throw this.misuse("a snapshot of it is being written already");
    // A snapshot that comes before the operator was open must have what it has not asked for, too.
    if (this.#restored !== undefined) this.restored();
    const run = new SnapshotRun(this, request, this.#confirmed, () => {
      if (this.#run === run) this.#run = undefined;
    });
    this.#run = run;
    return run;
  }

  checkpointComplete(checkpointId: number): void {
    this.#confirmed.complete(checkpointId);
  }

  checkpointAborted(checkpointId: number): void {
    this.#confirmed.aborted(checkpointId);
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#run?.abort();
    this.#restored?.close();
    if (this.#opened !== undefined) {
      const { states, tables, db } = this.#opened;
      states.clear();
      tables.close();
      db.close();
    }
    this.parts.folder.remove();
  }

  misuse(message: string): MillraceError {
    return new MillraceError("STATE_MISUSE", `${this.where}: ${message}`);
  }

  #open(): OpenedStore {
    if (this.#disposed) throw this.misuse("its state is used after its end");
    this.#opened ??= this.#openStore();
    return this.#opened;
  }

  #openStore(): OpenedStore {
    const { binding, memory, writeBufferSize, timersInMemory, folder } = this.parts;
    const { clock, freeze } = this.request;
    const path = folder.database();
    const db = new RocksDb(binding, path, { writeBufferSize });
    const rows: Rows = {
      memory,
      writeBack: this.writeBack,
      keyWatch: this.keyWatch,
      key: new RowKey(),
      value: new RowValue(),
      admissions: 0,
    };
    const tables = new TableRows(
      db,
      this.writeBack,
      (family) => new RocksDb(binding, path, { writeBufferSize: writeBufferSize / 4, family }),
    );
    const states = new RocksStates({
      keys: this.keys,
      rows,
      db,
      tables,
      sweep: new RowSweep(db, this.writeBack),
      clock,
      freeze,
      restoredAt: () => this.restoredAt,
      timersInMemory,
      where: this.where,
    });
    return { db, states, tables };
  }
}

interface OpenedStore {
  readonly db: RocksDb;
  readonly states: RocksStates;
  readonly tables: TableRows;
}
