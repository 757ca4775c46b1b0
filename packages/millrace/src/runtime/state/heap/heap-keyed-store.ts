import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { StateDescriptor, StateHandle } from "../../../common/state/state.ts";
import { keyIndex, type KeyIndex } from "../../../common/keys/key-index.ts";
import { MIN_WATERMARK, type Timestamp } from "../../../common/time/timestamps.ts";
import type { TypeInfo } from "../../../common/types/type-info.ts";
import type { KeyedStateHandle } from "../../../protocol/control/snapshots.ts";
import type { StateFiles } from "../../checkpoint/storage/state-files.ts";
import type { KeyedSnapshot, KeyedSnapshotRequest, SnapshotKeyedStore } from "../keyed-snapshot.ts";
import type { KeyGroupRange, NamespacedState } from "../keyed-state.ts";
import type { NamespaceTables } from "../namespace-tables.ts";
import { KeyKindGuard } from "../restore/key-kind-guard.ts";
import { NOTHING_PARKED } from "../restore/parked-states.ts";
import { RestoredStates } from "../restore/restored-states.ts";
import type { StateStoreRequest } from "../state-backend.ts";
import type { InternalTimerService, TimerTarget } from "../timers.ts";
import { CHAIN_POLICY, type ChainPolicy } from "./changes/chain-policy.ts";
import { ChangeHistory } from "./changes/change-history.ts";
import { ChangeTracking } from "./changes/tracking.ts";
import { HeapStates } from "./heap-states.ts";
import { KeyTable } from "./key-table.ts";
import { HeapSnapshot } from "./snapshot/heap-snapshot.ts";
import { LOOK_EVERY } from "./snapshot/slices.ts";

/** How snapshots are written. */
export interface HeapSnapshotSettings extends ChainPolicy {
  /** Rows, about, between two looks at the pace. */
  readonly lookEvery: number;
}

const SNAPSHOT_SETTINGS: HeapSnapshotSettings = { ...CHAIN_POLICY, lookEvery: LOOK_EVERY };

/** Keyed state of one operator in one subtask, as live objects in columns by key. */
export class HeapKeyedStateStore implements SnapshotKeyedStore {
  readonly maxParallelism: number;
  readonly keyGroups: KeyGroupRange;
  readonly #request: StateStoreRequest;
  readonly #settings: HeapSnapshotSettings;
  readonly #keys: KeyTable;
  readonly #states: HeapStates;
  readonly #where: string;
  readonly #guard: KeyKindGuard;
  readonly #tracking = new ChangeTracking();
  readonly #history: ChangeHistory;
  #restored: RestoredStates | undefined;
  #watermark = MIN_WATERMARK;
  #snapshot: HeapSnapshot | undefined;

  constructor(request: StateStoreRequest, settings: Partial<HeapSnapshotSettings> = {}) {
    this.#settings = { ...SNAPSHOT_SETTINGS, ...settings };
    this.#history = new ChangeHistory(this.#tracking, this.#settings);
    const { maxParallelism, keyGroups, clock, freeze } = request;
    this.#request = request;
    this.maxParallelism = maxParallelism;
    this.keyGroups = keyGroups;
    this.#where = `operator "${request.operatorName}"`;
    this.#guard = new KeyKindGuard(this.#where);
    this.#keys = new KeyTable({ maxParallelism, keyGroups, clock, where: this.#where, guard: this.#guard });
    this.#states = new HeapStates(this.#keys, {
      where: this.#where,
      clock,
      freeze,
      tracking: this.#tracking,
      guard: this.#guard,
      restored: (meta) => this.#restored?.take(meta),
    });
  }

  get keyCount(): number {
    const others = new Map<KeyIndex, unknown>();
    for (const key of this.#states.keysOfTables()) others.set(keyIndex(key), key);
    for (const key of this.#restored?.parked().keys() ?? []) others.set(keyIndex(key), key);
    let only = 0;
    for (const key of others.values()) if (this.#keys.find(key) < 0) only++;
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
    return this.#restored?.watermark(keyGroup) ?? MIN_WATERMARK;
  }

  setWatermark(watermark: Timestamp): void {
    this.#watermark = watermark;
  }

  async restore(handles: readonly KeyedStateHandle[], files: StateFiles): Promise<void> {
    const { maxParallelism, keyGroups } = this;
    this.#restored = new RestoredStates(handles, files, { where: this.#where, maxParallelism, keyGroups });
    this.#guard.expect(this.#restored.keyKinds);
  }

  restored(): void {
    this.#restored?.park();
  }

  snapshot(request: KeyedSnapshotRequest): KeyedSnapshot {
    if (this.#snapshot !== undefined) throw this.#misuse("a snapshot of its state is being written already");
    const { operator, operatorName, subtaskIndex, clock } = this.#request;
    const keys = this.#keys;
    const watermarks = this.#watermarks();
    const plan = this.#history.begin({
      ...request,
      delta: this.#states.cut(),
      entries: this.#states.entries,
      watermarks,
    });
    const now = clock.now();
    const { maxParallelism, keyGroups } = this;
    const snapshot = new HeapSnapshot({
      operator,
      label: `${operatorName}-${subtaskIndex}`,
      maxParallelism,
      keyGroups,
      keys,
      now,
      watermarks,
      states: this.#states.sources(),
      parked: this.#restored?.parked() ?? NOTHING_PARKED,
      plan,
      files: request.files,
      lookEvery: this.#settings.lookEvery,
      onRelease: () => (this.#snapshot = undefined),
    });
    this.#snapshot = snapshot;
    return snapshot;
  }

  checkpointComplete(checkpointId: number): void {
    this.#history.complete(checkpointId);
  }

  checkpointAborted(checkpointId: number): void {
    this.#history.abort(checkpointId);
  }

  dispose(): void {
    this.#snapshot?.abort();
    this.#restored?.close();
    this.#states.clear();
    this.#keys.clear();
  }

  #watermarks(): Float64Array {
    const { start, end } = this.keyGroups;
    return Float64Array.from({ length: end - start }, (_, i) =>
      Math.max(this.#watermark, this.restoredWatermark(start + i)),
    );
  }

  #misuse(message: string): MillraceError {
    return new MillraceError("STATE_MISUSE", `${this.#where}: ${message}`);
  }
}
