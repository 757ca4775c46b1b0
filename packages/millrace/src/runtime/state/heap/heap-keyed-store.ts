import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { StateDescriptor, StateHandle } from "../../../common/state/state.ts";
import { MIN_WATERMARK, type Timestamp } from "../../../common/time/timestamps.ts";
import type { TypeInfo } from "../../../common/types/type-info.ts";
import type { CapturedEntry, StateMeta } from "../captured-state.ts";
import { deepCopy } from "../deep-copy.ts";
import type { CapturableKeyedStore, KeyedStateCapture, KeyedStateSnapshot } from "../keyed-capture.ts";
import type { KeyGroupRange, NamespacedState } from "../keyed-state.ts";
import type { NamespaceTables } from "../namespace-tables.ts";
import type { StateStoreRequest } from "../state-backend.ts";
import type { InternalTimerService, TimerTarget } from "../timers.ts";
import { HeapCapture } from "./capture/heap-capture.ts";
import type { TableImages, TableImageTaker } from "./heap-table.ts";
import { HeapStates } from "./heap-states.ts";
import { KeyTable } from "./key-table.ts";

/** Keyed state of one operator in one subtask, as live objects in columns by key. */
export class HeapKeyedStateStore implements CapturableKeyedStore, TableImages {
  readonly maxParallelism: number;
  readonly keyGroups: KeyGroupRange;
  tableImages: TableImageTaker | undefined = undefined;
  readonly #keys: KeyTable;
  readonly #states: HeapStates;
  readonly #where: string;
  #watermark = MIN_WATERMARK;
  readonly #restoredWatermarks = new Map<number, Timestamp>();

  constructor(request: StateStoreRequest) {
    const { maxParallelism, keyGroups, clock } = request;
    this.maxParallelism = maxParallelism;
    this.keyGroups = keyGroups;
    this.#where = `operator "${request.operatorName}"`;
    this.#keys = new KeyTable({ maxParallelism, keyGroups, clock, where: this.#where });
    this.#states = new HeapStates(this.#keys, this, { where: this.#where, clock, freeze: request.freeze });
  }

  get keyCount(): number {
    const keysOfTables = this.#states.keysOfTables();
    let only = 0;
    for (const key of keysOfTables.values()) if (this.#keys.find(key) < 0) only++;
    return this.#keys.size + only;
  }

  setCurrentKey(key: unknown): void {
    this.#keys.select(key);
  }

  clearCurrentKey(): void {
    this.#keys.deselect();
  }

  currentKey(): unknown {
    return this.#keys.currentKey();
  }

  getState<D extends StateDescriptor>(name: string, descriptor: D): StateHandle<D> {
    return this.#states.keyed(name, descriptor);
  }

  getNamespacedState<D extends StateDescriptor>(name: string, descriptor: D): NamespacedState<D> {
    return this.#states.namespaced(name, descriptor);
  }

  getNamespaceTables<V>(name: string, type: TypeInfo<V> | undefined): NamespaceTables<V> {
    return this.#states.tables(name, type);
  }

  getTimerService(name: string, target: TimerTarget): InternalTimerService {
    const service = this.#states.timers(name);
    service.target = target;
    return service;
  }

  forEachKey(name: string, visit: (key: unknown) => void): void {
    const column = this.#states.column(name);
    if (column === undefined) throw this.#misuse(`there is no state "${name}" to visit the keys of`);
    const keys = this.#keys;
    const before = keys.mark();
    for (let id = 0; id < column.values.length; id++) {
      if (column.values[id] === undefined) continue;
      keys.selectId(id);
      visit(keys.currentKey());
    }
    keys.reset(before);
  }

  restoredWatermark(keyGroup: number): Timestamp {
    return this.#restoredWatermarks.get(keyGroup) ?? MIN_WATERMARK;
  }

  setWatermark(watermark: Timestamp): void {
    this.#watermark = watermark;
  }

  capture(): KeyedStateCapture {
    const keys = this.#keys;
    if (keys.imageTaker !== undefined) throw this.#misuse("its state is being captured already");
    const watermark = this.#watermark;
    const capture = new HeapCapture({
      maxParallelism: this.maxParallelism,
      keyGroups: this.keyGroups,
      keys,
      sources: this.#states.sources(),
      watermark: (keyGroup) => Math.max(watermark, this.restoredWatermark(keyGroup)),
      onRelease: () => {
        keys.imageTaker = undefined;
        this.tableImages = undefined;
      },
    });
    keys.imageTaker = capture.images;
    this.tableImages = capture;
    return capture;
  }

  restore(snapshots: readonly KeyedStateSnapshot[]): void {
    for (const snapshot of snapshots) {
      if (snapshot.maxParallelism !== this.maxParallelism) {
        throw this.#misuse(
          `the snapshot was taken at max parallelism ${snapshot.maxParallelism}, which can't become ${this.maxParallelism}`,
        );
      }
      for (const meta of snapshot.states) this.#states.restore(meta);
      for (const [keyGroup, { watermark, entries }] of snapshot.keyGroups) {
        if (keyGroup < this.keyGroups.start || keyGroup >= this.keyGroups.end) continue;
        this.#restoredWatermarks.set(keyGroup, watermark);
        for (const entry of entries) this.#restoreEntry(snapshot.states[entry.state]!, entry);
      }
    }
    this.#keys.deselect();
  }

  dispose(): void {
    this.#states.clear();
    this.#keys.clear();
  }

  #restoreEntry(meta: StateMeta, { key, namespace, value }: CapturedEntry): void {
    if (namespace !== undefined) {
      if (value.kind !== "element") throw this.#misuse(`table "${meta.name}" holds ${value.kind}`);
      const copy = deepCopy(value.value, this.#states.customs(meta));
      this.#states.tables(meta.name, meta.type).getOrCreate(namespace).put(key, copy);
      return;
    }
    this.#keys.select(key);
    if (value.kind === "timers") {
      const service = this.#states.timers(meta.name);
      const domain = meta.layout === "event-timers" ? service.event : service.processing;
      for (const timer of value.timers) domain.register(timer.namespace, timer.time);
      return;
    }
    const column = this.#states.column(meta.name)!;
    const stored = column.layout.restore(value);
    if (stored !== undefined) column.set(stored);
  }

  #misuse(message: string): MillraceError {
    return new MillraceError("STATE_MISUSE", `${this.#where}: ${message}`);
  }
}
