import type { Clock } from "../../../common/clock/clock.ts";
import type { KeyIndex } from "../../../common/keys/key-index.ts";
import { keyIndex } from "../../../common/keys/key-index.ts";
import type { StateDescriptor, StateHandle } from "../../../common/state/state.ts";
import type { TypeInfo } from "../../../common/types/type-info.ts";
import type { StateLayout, StateMeta } from "../captured-state.ts";
import { NO_CUSTOMS, type Customs } from "../deep-copy.ts";
import type { NamespacedState } from "../keyed-state.ts";
import type { NamespaceTables } from "../namespace-tables.ts";
import type { CaptureSource } from "./capture/heap-capture.ts";
import { checkSameState } from "./check-same-state.ts";
import { Column } from "./column.ts";
import { createHandle, layoutOf } from "./heap-state.ts";
import type { TableImages } from "./heap-table.ts";
import { HeapTables } from "./heap-tables.ts";
import type { KeyTable } from "./key-table.ts";
import type { Layout } from "./layout.ts";
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
}

interface ColumnState {
  meta: StateMeta;
  readonly column: Column;
  /** What was handed out: a handle, or a namespaced state. Undefined while it is only restored. */
  handle: unknown;
}

interface TablesState {
  readonly meta: StateMeta;
  readonly tables: HeapTables<unknown>;
}

/** The states and timers of one store by name: registered by the program, or restored and waiting for it. */
export class HeapStates {
  readonly #keys: KeyTable;
  readonly #images: TableImages;
  readonly #options: HeapStatesOptions;
  readonly #states = new Map<string, ColumnState | TablesState>();
  readonly #timers = new Map<string, HeapTimerService>();

  constructor(keys: KeyTable, images: TableImages, options: HeapStatesOptions) {
    this.#keys = keys;
    this.#images = images;
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
    const tables = new HeapTables<unknown>(this.#images);
    this.#states.set(name, { meta, tables });
    return tables as HeapTables<V>;
  }

  timers(name: string): HeapTimerService {
    let service = this.#timers.get(name);
    if (service === undefined) {
      service = new HeapTimerService(this.#keys, this.#options.clock);
      this.#timers.set(name, service);
    }
    return service;
  }

  /** Makes place for a state of a snapshot. */
  restore(meta: StateMeta): void {
    if (meta.layout === "event-timers" || meta.layout === "processing-timers") {
      this.timers(meta.name);
    } else if (meta.layout === "tables") {
      this.tables(meta.name, meta.type);
    } else {
      const known = this.#states.get(meta.name);
      if (known !== undefined) checkSameState(known.meta, meta, this.#options.where);
      else
        this.#states.set(meta.name, {
          meta,
          column: new Column(this.#keys, this.#layout(meta, undefined)),
          handle: undefined,
        });
    }
  }

  /** The column of a keyed or namespaced state. */
  column(name: string): Column | undefined {
    const state = this.#states.get(name);
    return state !== undefined && "column" in state ? state.column : undefined;
  }

  customs(meta: StateMeta): Customs {
    return meta.type?.customs ?? NO_CUSTOMS;
  }

  /** All states as a capture sees them. */
  sources(): readonly CaptureSource[] {
    const timers = [...this.#timers].flatMap(([name, { event, processing }]): CaptureSource[] => [
      { meta: timerMeta(name, "event-timers"), column: event.column },
      { meta: timerMeta(name, "processing-timers"), column: processing.column },
    ]);
    return [...this.#states.values(), ...timers];
  }

  /** The keys of all tables, by their index. */
  keysOfTables(): Map<KeyIndex, unknown> {
    const keys = new Map<KeyIndex, unknown>();
    for (const state of this.#states.values()) {
      if (!("tables" in state)) continue;
      for (const table of state.tables.all()) {
        for (const scan = table.scan(); scan.next();) keys.set(keyIndex(scan.key), scan.key);
      }
    }
    return keys;
  }

  clear(): void {
    for (const state of this.#states.values()) {
      if ("tables" in state) state.tables.clear();
      else state.column.values.length = 0;
    }
    for (const service of this.#timers.values()) service.dispose();
  }

  #columnState(meta: StateMeta, descriptor: StateDescriptor): ColumnState {
    const known = this.#states.get(meta.name);
    if (known === undefined) {
      const state: ColumnState = {
        meta,
        column: new Column(this.#keys, this.#layout(meta, descriptor)),
        handle: undefined,
      };
      this.#states.set(meta.name, state);
      return state;
    }
    checkSameState(known.meta, meta, this.#options.where);
    const state = known as ColumnState;
    if (state.handle === undefined) {
      state.column.relayout(this.#layout(meta, descriptor), state.meta.ttl !== meta.ttl);
      state.meta = meta;
    }
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

  /** `descriptor` is undefined while the state is only restored: its time to live is not known then, but that it had one. */
  #layout(meta: StateMeta, descriptor: StateDescriptor | undefined): Layout {
    const ttl = meta.ttl ? ttlPolicy(descriptor?.ttl ?? { ttl: Infinity }) : undefined;
    const options = { customs: this.customs(meta), ttl, now: () => this.#keys.now() };
    const layout = layoutOf(meta.kind!, options);
    return meta.layout === "namespaced" ? new NamespacedLayout(layout) : layout;
  }

  #whereOf(name: string): string {
    return `state "${name}" of ${this.#options.where}`;
  }
}

function metaOf(name: string, layout: StateLayout, descriptor: StateDescriptor): StateMeta {
  return {
    name,
    layout,
    kind: descriptor.kind,
    ttl: descriptor.ttl !== undefined,
    keyType: descriptor.kind === "map" ? descriptor.keyType : undefined,
    type: descriptor.type,
  };
}

function timerMeta(name: string, layout: StateLayout): StateMeta {
  return { name, layout, kind: undefined, ttl: false, keyType: undefined, type: undefined };
}
