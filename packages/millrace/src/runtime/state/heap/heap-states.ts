import type { Clock } from "../../../common/clock/clock.ts";
import type { StateDescriptor, StateHandle } from "../../../common/state/state.ts";
import type { TypeInfo } from "../../../common/types/type-info.ts";
import { createStateCopier, type StateCopier } from "../../../common/codec/copy-for-state.ts";
import type { StateLayout, StateMeta } from "../captured-state.ts";
import { NO_CUSTOMS } from "../deep-copy.ts";
import type { NamespacedState } from "../keyed-state.ts";
import type { NamespaceTables } from "../namespace-tables.ts";
import type { KeyKindGuard } from "../restore/key-kind-guard.ts";
import type { RestoredState } from "../restore/restored-state.ts";
import { retain } from "../retain.ts";
import { checkSameState } from "./check-same-state.ts";
import type { EntryChanges, EntryDelta } from "./changes/entry-changes.ts";
import type { StoreDelta } from "./changes/store-delta.ts";
import type { ChangeTracking } from "./changes/tracking.ts";
import { Column } from "./column.ts";
import { createHandle, layoutOf } from "./heap-state.ts";
import { HeapTables } from "./heap-tables.ts";
import type { KeyTable } from "./key-table.ts";
import type { Layout } from "./layout.ts";
import { ColumnLoader } from "./load/column-loader.ts";
import { TablesLoader } from "./load/tables-loader.ts";
import { TimersLoader } from "./load/timers-loader.ts";
import type { StateSource } from "./snapshot/snapshot-sources.ts";
import { NamespacePlace } from "./namespace-place.ts";
import { NamespacedHandle } from "./namespaced-handle.ts";
import { NamespacedLayout } from "./namespaced-layout.ts";
import { HeapTimerService } from "./timers/heap-timer-service.ts";
import { ttlPolicy } from "./ttl.ts";
import { TtlPlace } from "./ttl-place.ts";

/** Settings of a store's states. */
export interface HeapStatesOptions {
  /** `operator "count"`, for errors. */
  readonly where: string;
  readonly clock: Clock;
  readonly freeze: boolean;
  readonly tracking: ChangeTracking;
  readonly guard: KeyKindGuard;
  /** Takes the state that was restored, if there is one. @throws RESTORE_REFUSED when it is another one */
  readonly restored: (meta: StateMeta) => RestoredState | undefined;
}

interface ColumnState {
  readonly meta: StateMeta;
  readonly column: Column;
  /** What was handed out: a handle, or a namespaced state. */
  handle: unknown;
}

interface TablesState {
  readonly meta: StateMeta;
  readonly tables: HeapTables<unknown>;
}

interface TimersState {
  readonly service: HeapTimerService;
  readonly sources: readonly StateSource[];
}

/** The states and timers of one store that were asked for, by name. What was restored is decoded when it is asked for. */
export class HeapStates {
  readonly #keys: KeyTable;
  readonly #options: HeapStatesOptions;
  readonly #states = new Map<string, ColumnState | TablesState>();
  readonly #timers = new Map<string, TimersState>();

  constructor(keys: KeyTable, options: HeapStatesOptions) {
    this.#keys = keys;
    this.#options = options;
  }

  keyed<D extends StateDescriptor>(name: string, descriptor: D): StateHandle<D> {
    const state = this.#columnState(metaOf(name, "keyed", descriptor), descriptor);
    const where = this.#whereOf(name);
    const { column } = state;
    state.handle ??= createHandle(descriptor, {
      place: column,
      column,
      keys: this.#keys,
      where,
      freeze: this.#options.freeze,
    });
    return state.handle as StateHandle<D>;
  }

  namespaced<D extends StateDescriptor>(name: string, descriptor: D): NamespacedState<D> {
    const state = this.#columnState(metaOf(name, "namespaced", descriptor), descriptor);
    state.handle ??= this.#namespacedHandle(name, descriptor, state.column);
    return state.handle as NamespacedState<D>;
  }

  tables<V>(name: string, type: TypeInfo<V> | undefined): NamespaceTables<V> {
    const meta: StateMeta = {
      name,
      layout: "tables",
      kind: undefined,
      ttl: false,
      keyType: undefined,
      type: type as TypeInfo<unknown> | undefined,
    };
    const known = this.#states.get(name);
    if (known !== undefined) checkSameState(known.meta, meta, this.#options.where);
    if (known !== undefined && "tables" in known) return known.tables as HeapTables<V>;
    const restored = this.#options.restored(meta);
    const tables = new HeapTables<unknown>(this.#options.tracking, this.#options.guard);
    restored?.replay(meta, new TablesLoader(tables, this.#keeper(meta)));
    this.#states.set(name, { meta, tables });
    return tables as HeapTables<V>;
  }

  timers(name: string): HeapTimerService {
    const known = this.#timers.get(name);
    if (known !== undefined) return known.service;
    const service = new HeapTimerService(this.#keys, this.#options.clock, this.#options.tracking);
    const sources = (["event", "processing"] as const).map((domain) => {
      const meta = timerMeta(name, `${domain}-timers`);
      this.#options.restored(meta)?.replay(meta, new TimersLoader(this.#keys, service[domain]));
      return { meta, column: service[domain].column };
    });
    this.#keys.refresh();
    this.#timers.set(name, { service, sources });
    return service;
  }

  /** The column of a keyed or namespaced state. */
  column(name: string): Column | undefined {
    const state = this.#states.get(name);
    return state !== undefined && "column" in state ? state.column : undefined;
  }

  /** All states as a snapshot sees them. */
  sources(): readonly StateSource[] {
    return [...this.#states.values(), ...[...this.#timers.values()].flatMap(({ sources }) => sources)];
  }

  /** Entries of all states. */
  get entries(): number {
    return this.sources().reduce(
      (sum, source) => sum + ("tables" in source ? source.tables.size : source.column.count),
      0,
    );
  }

  /** A snapshot begins: hands over what has changed since the one before. */
  cut(): StoreDelta {
    const entries = new Map<EntryChanges, EntryDelta>();
    const dropped = new Map<HeapTables<unknown>, readonly number[]>();
    const cutEntries = (changes: EntryChanges): void => {
      const delta = changes.cut();
      if (delta !== undefined) entries.set(changes, delta);
    };
    for (const source of this.sources()) {
      if ("column" in source) {
        cutEntries(source.column.changes);
        continue;
      }
      for (const table of source.tables.all()) cutEntries(table.changes);
      const namespaces = source.tables.cut();
      if (namespaces.length > 0) dropped.set(source.tables, namespaces);
    }
    return { entries, dropped };
  }

  /** The keys of all tables, perhaps several times. */
  *keysOfTables(): Generator<unknown> {
    for (const state of this.#states.values()) {
      if (!("tables" in state)) continue;
      for (const table of state.tables.all()) for (const scan = table.scan(); scan.next();) yield scan.key;
    }
  }

  clear(): void {
    for (const state of this.#states.values()) {
      if ("tables" in state) state.tables.clear();
      else state.column.values.length = 0;
    }
    for (const { service } of this.#timers.values()) service.dispose();
  }

  #columnState(meta: StateMeta, descriptor: StateDescriptor): ColumnState {
    const known = this.#states.get(meta.name);
    if (known !== undefined) {
      checkSameState(known.meta, meta, this.#options.where);
      return known as ColumnState;
    }
    const restored = this.#options.restored(meta);
    const column = new Column(this.#keys, this.#layout(meta, descriptor), this.#options.tracking);
    restored?.replay(meta, new ColumnLoader(this.#keys, column));
    this.#keys.refresh();
    const state: ColumnState = { meta, column, handle: undefined };
    this.#states.set(meta.name, state);
    return state;
  }

  #namespacedHandle(name: string, descriptor: StateDescriptor, column: Column): unknown {
    const { freeze } = this.#options;
    const keys = this.#keys;
    const where = this.#whereOf(name);
    const place = new NamespacePlace(column);
    const handle = createHandle(descriptor, {
      place,
      column,
      keys,
      where,
      freeze,
    }) as StateHandle<StateDescriptor>;
    const { kind, ttl } = descriptor;
    const bare = ttl === undefined || kind === "list" || kind === "map";
    const elements = bare ? place : new TtlPlace(place, column, keys, ttlPolicy(ttl));
    return new NamespacedHandle(descriptor, place, elements, handle, where);
  }

  #layout(meta: StateMeta, descriptor: StateDescriptor): Layout {
    const ttl = descriptor.ttl && ttlPolicy(descriptor.ttl);
    const customs = meta.type?.customs ?? NO_CUSTOMS;
    const options = { customs, ttl, now: () => this.#keys.now(), keep: this.#keeper(meta) };
    if (meta.layout !== "namespaced") return layoutOf(descriptor.kind, options);
    return new NamespacedLayout(layoutOf(descriptor.kind, { ...options, capturesLast: true }));
  }

  /** Copies strings of decoded values out of the block that they were cut from. */
  #keeper({ name, type }: StateMeta): (value: unknown) => unknown {
    const where = this.#whereOf(name);
    if (type === undefined) return (value) => retain(value, where);
    let copy: StateCopier<unknown> | undefined;
    return (value) => (copy ??= createStateCopier(type, { unique: `restored ${where}` }))(value);
  }

  #whereOf(name: string): string {
    return `state "${name}" of ${this.#options.where}`;
  }
}

/** Kept with the descriptor, and with them what was compiled for the state: subtasks of one slot share it. */
const metas = new WeakMap<StateDescriptor, Map<string, StateMeta>>();

function metaOf(name: string, layout: StateLayout, descriptor: StateDescriptor): StateMeta {
  const { kind, ttl, type } = descriptor;
  let known = metas.get(descriptor);
  if (known === undefined) {
    known = new Map();
    metas.set(descriptor, known);
  }
  const slot = `${layout}/${name}`;
  let meta = known.get(slot);
  if (meta === undefined) {
    const keyType = kind === "map" ? descriptor.keyType : undefined;
    meta = { name, layout, kind, ttl: ttl !== undefined, keyType, type };
    known.set(slot, meta);
  }
  return meta;
}

function timerMeta(name: string, layout: StateLayout): StateMeta {
  return { name, layout, kind: undefined, ttl: false, keyType: undefined, type: undefined };
}
