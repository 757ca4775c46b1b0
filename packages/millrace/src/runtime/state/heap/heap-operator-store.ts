import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { OperatorUid } from "../../../common/ids/ids.ts";
import { isKeyItself, keyIndex, type KeyIndex } from "../../../common/keys/key-index.ts";
import type {
  BroadcastState,
  ListState,
  ListStateDescriptor,
  MapStateDescriptor,
  ReadonlyState,
} from "../../../common/state/state.ts";
import type { StateBytes } from "../../../protocol/control/snapshots.ts";
import { encodeOperatorState } from "../../checkpoint/format/encode-operator-state.ts";
import { stateMetaOf } from "../../checkpoint/format/keyed/state-header.ts";
import { openOperatorState } from "../../checkpoint/format/open-operator-state.ts";
import { operatorStateMeta, type OperatorStateEntry } from "../../checkpoint/format/operator-state.ts";
import type { StateFiles } from "../../checkpoint/storage/state-files.ts";
import type { StateMeta } from "../captured-state.ts";
import { EMITTED_WATERMARKS } from "../emitted-watermarks.ts";
import { freezeState } from "../freeze-state.ts";
import type { OperatorStateMode } from "../operator-capture.ts";
import { operatorShares, unclaimedSlices, type StateShare } from "../operator-shares.ts";
import type { SnapshotOperatorStore } from "../operator-snapshot.ts";
import type { StateStoreRequest } from "../state-backend.ts";
import { handleOptions } from "./heap-state.ts";
import { ListHandle } from "./list-handle.ts";
import type { Place } from "./place.ts";

/** A state that was asked for. */
interface Registered {
  readonly mode: OperatorStateMode;
  readonly meta: StateMeta;
  readonly handle: unknown;
  readonly elements: () => Iterable<unknown>;
}

/** Operator state as live objects, encoded when a snapshot is taken. */
export class HeapOperatorStateStore implements SnapshotOperatorStore {
  readonly #states = new Map<string, Registered>();
  /** What no state has asked for yet. */
  readonly #restored = new Map<string, StateShare>();
  readonly #uid: OperatorUid;
  readonly #subtask: number;
  readonly #parallelism: number;
  readonly #where: string;
  readonly #freeze: boolean;
  #isRestored = false;

  constructor(request: StateStoreRequest) {
    this.#uid = request.operator;
    this.#subtask = request.subtaskIndex;
    this.#parallelism = request.parallelism;
    this.#where = `operator "${request.operatorName}"`;
    this.#freeze = request.freeze;
  }

  get isRestored(): boolean {
    return this.#isRestored;
  }

  get hasUnionState(): boolean {
    return [...this.#states, ...this.#restored].some(
      ([name, { mode }]) => mode === "union" && name !== EMITTED_WATERMARKS,
    );
  }

  getListState<T>(name: string, descriptor: ListStateDescriptor<T>): ListState<T> {
    return this.#list(name, "split", descriptor);
  }

  getUnionListState<T>(name: string, descriptor: ListStateDescriptor<T>): ListState<T> {
    return this.#list(name, "union", descriptor);
  }

  getBroadcastState<K, V>(name: string, descriptor: MapStateDescriptor<K, V>): BroadcastState<K, V> {
    const meta = operatorStateMeta(name, "map", descriptor.type, descriptor.keyType);
    return this.#registered(name, "broadcast", meta, (restored) => {
      const where = this.#whereOf(name);
      const options = handleOptions(descriptor as MapStateDescriptor<unknown, unknown>, where, this.#freeze);
      const state = new HeapBroadcastState<K, V>(options.retain, options.retainKey, this.#freeze, where);
      for (const pair of restored) {
        const [key, value] = pair as [K, V];
        state.put(key, value);
      }
      return { handle: state, elements: () => state.entries() };
    });
  }

  snapshot(): Uint8Array | undefined {
    const asked = [...this.#states.values()].map(({ mode, meta, elements }): OperatorStateEntry => ({
      mode,
      meta,
      elements: elements(),
    }));
    const waiting = [...this.#restored.values()].flatMap((share) =>
      unclaimedSlices(share, this.#subtask, this.#parallelism).map(
        ({ state, start, end }): OperatorStateEntry => {
          const meta = stateMetaOf(state.header);
          return { mode: share.mode, meta, elements: state.elements(undefined).slice(start, end) };
        },
      ),
    );
    const states = [...waiting, ...asked];
    return states.length === 0 ? undefined : encodeOperatorState(this.#uid, states);
  }

  restore(parts: readonly StateBytes[], files: StateFiles): void {
    this.#isRestored = true;
    const states = parts.map((bytes) => openOperatorState(files, bytes).states);
    for (const [name, share] of operatorShares(states, this.#subtask, this.#parallelism))
      this.#restored.set(name, share);
  }

  #list<T>(name: string, mode: "split" | "union", descriptor: ListStateDescriptor<T>): ListState<T> {
    return this.#registered(name, mode, operatorStateMeta(name, "list", descriptor.type), (restored) => {
      const place = new OwnPlace();
      const options = handleOptions(
        descriptor as ListStateDescriptor<unknown>,
        this.#whereOf(name),
        this.#freeze,
      );
      const handle = new ListHandle<T>(place, options);
      handle.addAll(restored as Iterable<T>);
      return { handle, elements: () => (place.get() as unknown[] | undefined) ?? [] };
    });
  }

  #registered<H>(
    name: string,
    mode: OperatorStateMode,
    meta: StateMeta,
    make: (restored: readonly unknown[]) => Pick<Registered, "handle" | "elements">,
  ): H {
    let state = this.#states.get(name);
    if (state !== undefined && state.mode !== mode) {
      throw new MillraceError(
        "STATE_MISUSE",
        `${this.#whereOf(name)} is there already, redistributed as ${state.mode}, asked for ${mode}`,
      );
    }
    if (state === undefined) {
      state = { mode, meta, ...make(this.#restoredElements(name, mode, meta)) };
      this.#restored.delete(name);
      this.#states.set(name, state);
    }
    return state.handle as H;
  }

  #restoredElements(name: string, mode: OperatorStateMode, meta: StateMeta): readonly unknown[] {
    const share = this.#restored.get(name);
    if (share === undefined) return [];
    if (share.mode !== mode) {
      throw new MillraceError(
        "RESTORE_REFUSED",
        `${this.#whereOf(name)} was redistributed as ${share.mode} when it was stored, and is asked for as ${mode}`,
        { help: "Give the state another name, or ask for it as before." },
      );
    }
    return share.slices.flatMap(({ state, start, end }) => state.elements(meta).slice(start, end));
  }

  #whereOf(name: string): string {
    return `operator state "${name}" of ${this.#where}`;
  }
}

/** A place without key. */
class OwnPlace implements Place {
  #stored: unknown;

  get(): unknown {
    return this.#stored;
  }

  getForChange(): unknown {
    return this.#stored;
  }

  set(stored: unknown): void {
    this.#stored = stored;
  }

  clear(): void {
    this.#stored = undefined;
  }
}

/** Broadcast state: a map found by key indexes. */
class HeapBroadcastState<K, V> implements BroadcastState<K, V> {
  readonly #values = new Map<KeyIndex, readonly [K, V]>();
  readonly #retain: (value: unknown) => unknown;
  readonly #retainKey: (key: unknown) => unknown;
  readonly #freeze: boolean;
  readonly #where: string;

  constructor(
    retainValue: (value: unknown) => unknown,
    retainKey: (key: unknown) => unknown,
    freeze: boolean,
    where: string,
  ) {
    this.#retain = retainValue;
    this.#retainKey = retainKey;
    this.#freeze = freeze;
    this.#where = where;
  }

  get size(): number {
    return this.#values.size;
  }

  get(key: K): ReadonlyState<V> | undefined {
    const value = this.#values.get(keyIndex(key, this.#where))?.[1];
    return (this.#freeze ? freezeState(value) : value) as ReadonlyState<V> | undefined;
  }

  has(key: K): boolean {
    return this.#values.has(keyIndex(key, this.#where));
  }

  put(key: K, value: V): void {
    if (value === undefined) return this.remove(key);
    const kept = this.#retainKey(key);
    const index = keyIndex(key, this.#where);
    const own = isKeyItself(index) ? (kept as KeyIndex) : index;
    this.#values.set(own, [kept as K, this.#retain(value) as V]);
  }

  remove(key: K): void {
    this.#values.delete(keyIndex(key, this.#where));
  }

  clear(): void {
    this.#values.clear();
  }

  entries(): Iterable<readonly [K, ReadonlyState<V>]> {
    const values = this.#values;
    const freeze = this.#freeze;
    return {
      *[Symbol.iterator]() {
        for (const pair of values.values())
          yield (freeze ? freezeState(pair) : pair) as readonly [K, ReadonlyState<V>];
      },
    };
  }
}
