import type { StateDescriptor, StateHandle } from "../../common/state/state.ts";
import type { Timestamp } from "../../common/time/timestamps.ts";
import type { TypeInfo } from "../../common/types/type-info.ts";
import type { NamespaceTables } from "./namespace-tables.ts";
import type { InternalTimerService, TimerTarget } from "./timers.ts";

/** Key groups [start, end). */
export interface KeyGroupRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Keyed state of one operator in one subtask, as operators use it; implemented by each state backend.
 *
 * A *current key* is set before each record or timer; all handles refer to it. Keys are identified by canonical bytes
 * (common/keys): primitive keys take a fast path that agrees with them. Setting a key of another subtask's key group is an
 * INTERNAL error where it is noticed.
 *
 * Ownership (correctness rule 10): what handles give out is readonly. A backend that is writing a snapshot takes an entry's old
 * image before it hands the entry to `update`, `mutate` or an accumulator's `add`. Values entering state are kept as they
 * are: whoever reads records from frames copies strings out first (`copyForState`), which backends do at `update`/`put`/`add`
 * for values they have not seen, by the state's type.
 */
export interface KeyedStateStore {
  readonly maxParallelism: number;
  readonly keyGroups: KeyGroupRange;
  /** Validates the key (INVALID_KEY) and makes it current. */
  setCurrentKey(key: unknown): void;
  /** From now on there is no current key: using state is STATE_MISUSE until one is set. */
  clearCurrentKey(): void;
  /** The current key, as given. */
  currentKey(): unknown;
  /** State of the current key. The same name gives the same handle; another kind or type under it is STATE_MISUSE. */
  getState<D extends StateDescriptor>(name: string, descriptor: D): StateHandle<D>;
  /**
   * State of the current key and a namespace (a window): key-first layout, for sessions, custom triggers and evictors,
   * trigger state, and window process functions.
   */
  getNamespacedState<D extends StateDescriptor>(name: string, descriptor: D): NamespacedState<D>;
  /** Tables by namespace, then key: for aligned windows with the default trigger. */
  getNamespaceTables<V>(name: string, type: TypeInfo<V> | undefined): NamespaceTables<V>;
  /** Timers by key and namespace. `target` is called when one fires, with the key set. */
  getTimerService(name: string, target: TimerTarget): InternalTimerService;
  /** Visits every key that has `name` in the void namespace, making each current in turn. Keys must not be added meanwhile. */
  forEachKey(name: string, visit: (key: unknown) => void): void;
  /** The watermark stored by key group at the last snapshot (rule 15); -Infinity where none. */
  restoredWatermark(keyGroup: number): Timestamp;
  /** Records the operator's watermark, to be stored by key group with the next snapshot. */
  setWatermark(watermark: Timestamp): void;
  /** Keys with any state or timer; for metrics and tests. */
  readonly keyCount: number;
  /** Frees everything. */
  dispose(): void;
}

/** A state of one namespace at a time. */
export interface NamespacedState<D extends StateDescriptor> {
  /** Selects the namespace of the handle; `namespace` is a window's `windowKey`. Returns the handle (always the same). */
  in(namespace: string): StateHandle<D>;
  /** Merges the states of `sources` into `target` and clears them: reducing, aggregating (with merge) and list states. */
  merge(target: string, sources: readonly string[]): void;
}
