import {
  AggregatingHandle,
  checkRestoredState,
  checkSameState,
  checkWindowStates,
  handleOptions,
  MillraceError,
  ReducingHandle,
  stateHeader,
  stateMetaOf,
  ttlPolicy,
  ValueHandle,
  type Clock,
  type NamespacedState,
  type StateDescriptor,
  type StateHandle,
  type StateHeader,
  type StateLayout,
  type StateMeta,
  type Timestamp,
  type TtlPolicy,
  type TypeInfo,
} from "millrace/internal/state-backend";
import { ElementMap, type RowAddress, type Rows } from "../cache/element-map.ts";
import { RowSetMap } from "../cache/row-set-map.ts";
import type { RocksDb } from "../db/rocks-db.ts";
import { ListRows, MapRows } from "../rows/collection-rows.ts";
import { Space } from "../rows/row-key.ts";
import { ValueCodecs, type Encoding } from "../rows/value-codecs.ts";
import { TimerDomain } from "../timers/timer-domain.ts";
import { TimerQueue } from "../timers/timer-queue.ts";
import { TimerRows } from "../timers/timer-rows.ts";
import { RocksTimerService } from "../timers/timer-service.ts";
import type { CurrentKey } from "./current-key.ts";
import { ElementPlace } from "./element-place.ts";
import { RocksListHandle } from "./list-handle.ts";
import { RocksMapHandle } from "./map-handle.ts";
import { RocksNamespacedHandle } from "./namespaced-handle.ts";
import { RocksTables } from "./rocks-tables.ts";
import { RowSetPlace } from "./row-set-place.ts";
import type { RowSweep } from "./row-sweep.ts";
import type { StateBody } from "./state-body.ts";
import { ElementSweeper, RowSetSweeper } from "./sweeper.ts";
import { SweptElements, SweptRowSets } from "./swept-states.ts";
import type { TableRows } from "./table-rows.ts";
import { TableStorage } from "./table-storage.ts";
import { RocksTtlPlace } from "./ttl-place.ts";

/** What a store's states are made of. */
export interface StatesParts {
  readonly keys: CurrentKey;
  readonly rows: Rows;
  readonly db: RocksDb;
  readonly tables: TableRows;
  readonly sweep: RowSweep;
  readonly clock: Clock;
  readonly freeze: boolean;
  /** When the store was restored: the time of what had none and has a time to live now. */
  readonly restoredAt: () => Timestamp;
  /** Timers of a domain that are kept in memory. */
  readonly timersInMemory: number;
  /** `operator "count"`, for errors. */
  readonly where: string;
}

/** One state, or one domain of a timer service. */
export interface RocksState {
  /** Stands in its rows' keys. */
  readonly id: number;
  /** As the program declares it; as far as the snapshot tells while nobody has asked for it. */
  meta: StateMeta;
  codecs: ValueCodecs;
  readonly body: StateBody;
  /** Whether it was restored and nobody has asked for it. */
  parked: boolean;
  /** Of its time to live. */
  policy: TtlPolicy | undefined;
  handle: unknown;
}

/** The states and timers of one store, by name and in the order of their numbers. */
export class RocksStates {
  readonly all: RocksState[] = [];
  /** Called when a state is asked for the first time, before it is handed out: it may be loaded now. */
  onDeclared: ((state: RocksState) => void) | undefined = undefined;
  /** What was restored and is not here yet. */
  waiting: readonly StateHeader[] = [];
  readonly #parts: StatesParts;
  readonly #services = new Map<string, RocksTimerService>();

  constructor(parts: StatesParts) {
    this.#parts = parts;
  }

  keyed<D extends StateDescriptor>(name: string, descriptor: D): StateHandle<D> {
    const state = this.#declare(metaOf(name, "keyed", descriptor));
    state.handle ??= this.#handle(state, descriptor);
    return state.handle as StateHandle<D>;
  }

  namespaced<D extends StateDescriptor>(name: string, descriptor: D): NamespacedState<D> {
    const state = this.#declare(metaOf(name, "namespaced", descriptor));
    state.handle ??= this.#namespacedHandle(state, descriptor);
    return state.handle as NamespacedState<D>;
  }

  tables<V>(name: string, type: TypeInfo<V> | undefined): RocksTables<V> {
    const meta = {
      name,
      layout: "tables",
      kind: undefined,
      ttl: false,
      keyType: undefined,
      type,
    } as StateMeta;
    const { body } = this.#declare(meta);
    return (body as Extract<StateBody, { kind: "tables" }>).tables as RocksTables<V>;
  }

  timers(name: string): RocksTimerService {
    let service = this.#services.get(name);
    if (service === undefined) {
      const { keys, clock } = this.#parts;
      const event = this.#declare(timerMeta(name, "event-timers"));
      const processing = this.#declare(timerMeta(name, "processing-timers"));
      service = new RocksTimerService(keys, clock, domainOf(event), domainOf(processing));
      this.#services.set(name, service);
    }
    return service;
  }

  /** The state of that name; timers of `layout`. */
  find(name: string, layout: StateLayout): RocksState | undefined {
    const timers = isTimers(layout);
    return this.all.find(
      ({ meta }) => meta.name === name && (timers ? meta.layout === layout : !isTimers(meta.layout)),
    );
  }

  /** Makes place for a state of a snapshot. Rows of it may have any of `encodings`. */
  restore(header: StateHeader, encodings: readonly Encoding[]): RocksState {
    const known = this.find(header.name, header.layout);
    if (known !== undefined) {
      checkRestoredState(stateHeader(known.meta), stateMetaOf(header), this.#parts.where);
      for (const encoding of encodings) known.codecs.add(encoding);
      return known;
    }
    return this.#add(stateMetaOf(header), encodings, true);
  }

  /** Frees what is in memory. */
  clear(): void {
    for (const { body } of this.all) {
      if (body.kind === "tables") body.tables.clear();
      else if (body.kind === "timers") body.domain.map.clear();
      else body.map.clear();
    }
  }

  #declare(meta: StateMeta): RocksState {
    const known = this.find(meta.name, meta.layout);
    if (known === undefined) {
      this.#checkWaiting(meta);
      const state = this.#add(meta, [], false);
      this.onDeclared?.(state);
      return state;
    }
    if (!known.parked) {
      checkSameState(known.meta, meta, this.#parts.where);
      return known;
    }
    checkRestoredState(stateHeader(known.meta), meta, this.#parts.where);
    known.parked = false;
    known.meta = meta;
    known.codecs = new ValueCodecs(meta.type, meta.ttl, meta.name, this.#parts.where, known.codecs.encodings);
    adopt(known.body, known.codecs);
    this.onDeclared?.(known);
    return known;
  }

  #add(meta: StateMeta, encodings: readonly Encoding[], parked: boolean): RocksState {
    const id = this.all.length;
    const codecs = new ValueCodecs(meta.type, meta.ttl, meta.name, this.#parts.where, encodings);
    const state: RocksState = {
      id,
      meta,
      codecs,
      body: this.#body(id, meta, codecs),
      parked,
      policy: undefined,
      handle: undefined,
    };
    this.all.push(state);
    return state;
  }

  #body(id: number, meta: StateMeta, codecs: ValueCodecs): StateBody {
    const { keys, rows, db, tables } = this.#parts;
    const keyGroupOf = (key: unknown): number => keys.keyGroupOf(key);
    if (meta.layout === "tables") {
      const storage = new TableStorage(rows, tables, codecs, keyGroupOf);
      return { kind: "tables", tables: new RocksTables(storage, rows.writeBack) };
    }
    const namespaced = meta.layout === "namespaced";
    const address: RowAddress = namespaced
      ? (row, key, namespace) =>
          row.begin(Space.KEYED).u16(keys.keyGroupOf(key)).key(key).u16(id).key(namespace)
      : (row, key) => row.begin(Space.KEYED).u16(keys.keyGroupOf(key)).key(key).u16(id);
    if (isTimers(meta.layout)) {
      const queue = new TimerQueue(db, rows.writeBack, id, this.#parts.timersInMemory);
      const map = new RowSetMap(rows, db, address, new TimerRows(id, rows.value, queue, keyGroupOf), false);
      return { kind: "timers", domain: new TimerDomain(keys, map, queue) };
    }
    if (meta.kind === "list" || meta.kind === "map") {
      const elements =
        meta.kind === "list" ? new ListRows(codecs, rows.value) : new MapRows(codecs, rows.value);
      elements.now = this.#parts.restoredAt;
      const map = new RowSetMap(rows, db, address, elements);
      return { kind: "collections", map, rows: elements, place: new RowSetPlace(keys, map, namespaced) };
    }
    const map = new ElementMap(rows, db, address, codecs);
    map.now = this.#parts.restoredAt;
    return { kind: "elements", map, place: new ElementPlace(keys, map, rows.writeBack, namespaced) };
  }

  #handle(state: RocksState, descriptor: StateDescriptor): unknown {
    const { keys, sweep, freeze } = this.#parts;
    const { body } = state;
    const options = handleOptions(descriptor, this.#whereOf(state.meta.name), freeze);
    const namespaced = state.meta.layout === "namespaced";
    const policy = descriptor.ttl === undefined ? undefined : ttlPolicy(descriptor.ttl);
    state.policy = policy;
    if (body.kind === "collections") {
      const { map, place } = body;
      const sweeper = new RowSetSweeper(map, policy ?? NEVER, sweep);
      if (policy !== undefined)
        sweep.states.set(state.id, new SweptRowSets(map, body.rows, policy, namespaced));
      const parts = { place, keys, options, policy, sweeper };
      return descriptor.kind === "list" ? new RocksListHandle(parts) : new RocksMapHandle(parts);
    }
    const place = this.#elementPlace(state, descriptor);
    if (policy !== undefined && body.kind === "elements")
      sweep.states.set(state.id, new SweptElements(body.map, policy, namespaced));
    switch (descriptor.kind) {
      case "value":
        return new ValueHandle(place, options, descriptor.defaultValue);
      case "reducing":
        return new ReducingHandle(place, options, descriptor.reduce);
      case "aggregating":
        return new AggregatingHandle(place, options, descriptor.aggregate);
      default:
        throw new MillraceError("INTERNAL", `a ${descriptor.kind} state has no value`);
    }
  }

  #elementPlace(state: RocksState, descriptor: StateDescriptor): ElementPlace | RocksTtlPlace {
    const { keys, rows, sweep } = this.#parts;
    const { map, place } = state.body as Extract<StateBody, { kind: "elements" }>;
    if (descriptor.ttl === undefined) return place;
    const policy = ttlPolicy(descriptor.ttl);
    return new RocksTtlPlace(place, keys, policy, new ElementSweeper(map, policy, rows.writeBack, sweep));
  }

  #namespacedHandle<D extends StateDescriptor>(state: RocksState, descriptor: D): NamespacedState<D> {
    const { keys } = this.#parts;
    const handle = this.#handle(state, descriptor) as StateHandle<D>;
    const where = this.#whereOf(state.meta.name);
    const { body } = state;
    const on =
      body.kind === "collections"
        ? ({ kind: "collection", place: body.place, keys } as const)
        : ({
            kind: "element",
            place: (body as Extract<StateBody, { kind: "elements" }>).place,
            elements: this.#elementPlace(state, descriptor),
          } as const);
    return new RocksNamespacedHandle(descriptor, on, handle, where);
  }

  /** Windows that were kept in another layout would be left behind. */
  #checkWaiting(meta: StateMeta): void {
    if (this.waiting.some((header) => header.name === meta.name && !isTimers(header.layout))) return;
    const parked = this.all.filter((state) => state.parked).map((state) => state.meta);
    checkWindowStates([...this.waiting, ...parked], meta, this.#parts.where);
  }

  #whereOf(name: string): string {
    return `state "${name}" of ${this.#parts.where}`;
  }
}

const NEVER = { ttl: Infinity, touchOnRead: false, returnExpired: false, cleanupPerAccess: 0 };

function adopt(body: StateBody, codecs: ValueCodecs): void {
  if (body.kind === "elements") body.map.declare(codecs);
  else if (body.kind === "collections") body.rows.declare(codecs, body.map.cells.values());
  else if (body.kind === "tables") body.tables.storage.declare(codecs);
}

function domainOf(state: RocksState): TimerDomain {
  return (state.body as Extract<StateBody, { kind: "timers" }>).domain;
}

/** Whether a layout is that of timers. */
export function isTimers(layout: StateLayout): boolean {
  return layout === "event-timers" || layout === "processing-timers";
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
