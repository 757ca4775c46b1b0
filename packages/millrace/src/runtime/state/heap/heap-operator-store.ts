import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { isKeyItself, keyIndex, type KeyIndex } from "../../../common/keys/key-index.ts";
import type {
  BroadcastState,
  ListState,
  ListStateDescriptor,
  MapStateDescriptor,
  ReadonlyState,
} from "../../../common/state/state.ts";
import type { StateBytes } from "../../../protocol/control/snapshots.ts";
import { encodePlainValue } from "../../checkpoint/format/plain-value.ts";
import { createValueCodec } from "../../../common/codec/value-codec.ts";
import type { StateFiles } from "../../checkpoint/storage/state-files.ts";
import { redistributeOperatorState } from "../redistribute-operator-state.ts";
import { deepCopy, NO_CUSTOMS, type Customs } from "../deep-copy.ts";
import type {
  CapturableOperatorStore,
  OperatorStateMode,
  OperatorStateSnapshot,
  OperatorStateSnapshotEntry,
} from "../operator-capture.ts";
import type { StateStoreRequest } from "../state-backend.ts";
import { freezeState } from "../freeze-state.ts";
import { ListHandle } from "./list-handle.ts";
import { handleOptions } from "./heap-state.ts";
import type { Place } from "./place.ts";

interface Registered {
  readonly mode: OperatorStateMode;
  readonly handle: unknown;
  readonly customs: Customs;
  readonly elements: () => readonly unknown[];
}

/** Operator state as live objects. */
export class HeapOperatorStateStore implements CapturableOperatorStore {
  readonly #states = new Map<string, Registered>();
  /** What no state has asked for yet. */
  readonly #restored = new Map<string, OperatorStateSnapshotEntry>();
  readonly #where: string;
  readonly #freeze: boolean;
  readonly #request: StateStoreRequest;
  #isRestored = false;

  constructor(request: StateStoreRequest) {
    this.#request = request;
    this.#where = `operator "${request.operatorName}"`;
    this.#freeze = request.freeze;
  }

  get isRestored(): boolean {
    return this.#isRestored;
  }

  getListState<T>(name: string, descriptor: ListStateDescriptor<T>): ListState<T> {
    return this.#list(name, "split", descriptor);
  }

  getUnionListState<T>(name: string, descriptor: ListStateDescriptor<T>): ListState<T> {
    return this.#list(name, "union", descriptor);
  }

  getBroadcastState<K, V>(name: string, descriptor: MapStateDescriptor<K, V>): BroadcastState<K, V> {
    return this.#registered(name, "broadcast", descriptor.type?.customs ?? NO_CUSTOMS, (restored) => {
      const options = handleOptions(
        descriptor as MapStateDescriptor<unknown, unknown>,
        this.#whereOf(name),
        this.#freeze,
      );
      const state = new HeapBroadcastState<K, V>(
        options.retain,
        options.retainKey,
        this.#freeze,
        this.#whereOf(name),
      );
      for (const pair of restored) {
        const [key, value] = pair as [K, V];
        state.put(key, value);
      }
      return { handle: state, elements: () => [...state.entries()] };
    });
  }

  capture(): OperatorStateSnapshot {
    const waiting = [...this.#restored.values()];
    const states = [...this.#states].map(
      ([name, { mode, customs, elements }]): OperatorStateSnapshotEntry => {
        const copies = elements().map((element) => deepCopy(element, customs));
        return { name, mode, kind: mode === "broadcast" ? "map" : "list", elements: copies };
      },
    );
    return [...waiting, ...states];
  }

  get hasUnionState(): boolean {
    return [...this.#states.values(), ...this.#restored.values()].some(({ mode }) => mode === "union");
  }

  snapshot(): Uint8Array | undefined {
    const states = this.capture();
    return states.length === 0 ? undefined : encodePlainValue(states);
  }

  restore(parts: readonly StateBytes[], files: StateFiles): void;
  restore(snapshot: OperatorStateSnapshot): void;
  restore(from: OperatorStateSnapshot | readonly StateBytes[], files?: StateFiles): void {
    this.#isRestored = true;
    let snapshot = from as OperatorStateSnapshot;
    if (files !== undefined) {
      const codec = createValueCodec<OperatorStateSnapshot>(undefined, { unique: "operator", generate: false });
      const parts = (from as readonly StateBytes[]).map((bytes) => {
        const reader = files.open(bytes);
        const part = codec.decode(reader.read(0, reader.length));
        reader.close();
        return part;
      });
      const { subtaskIndex, parallelism } = this.#request;
      snapshot = redistributeOperatorState(parts, parallelism)[subtaskIndex] ?? [];
    }
    for (const entry of snapshot) this.#restored.set(entry.name, entry);
  }

  #list<T>(name: string, mode: "split" | "union", descriptor: ListStateDescriptor<T>): ListState<T> {
    return this.#registered(name, mode, descriptor.type?.customs ?? NO_CUSTOMS, (restored) => {
      const place = new OwnPlace(restored.length === 0 ? undefined : restored);
      const options = handleOptions(
        descriptor as ListStateDescriptor<unknown>,
        this.#whereOf(name),
        this.#freeze,
      );
      return {
        handle: new ListHandle<T>(place, options),
        elements: () => (place.get() as unknown[] | undefined) ?? [],
      };
    });
  }

  #registered<H>(
    name: string,
    mode: OperatorStateMode,
    customs: Customs,
    make: (restored: unknown[]) => Omit<Registered, "mode" | "customs">,
  ): H {
    let state = this.#states.get(name);
    const restored = this.#restored.get(name);
    const known = state?.mode ?? restored?.mode ?? mode;
    if (known !== mode) {
      throw new MillraceError(
        "STATE_MISUSE",
        `${this.#whereOf(name)} is there already, redistributed as ${known}, asked for ${mode}`,
      );
    }
    if (state === undefined) {
      this.#restored.delete(name);
      state = {
        mode,
        customs,
        ...make((restored?.elements ?? []).map((element) => deepCopy(element, customs))),
      };
      this.#states.set(name, state);
    }
    return state.handle as H;
  }

  #whereOf(name: string): string {
    return `operator state "${name}" of ${this.#where}`;
  }
}

/** A place without key. */
class OwnPlace implements Place {
  #stored: unknown;

  constructor(stored: unknown) {
    this.#stored = stored;
  }

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
