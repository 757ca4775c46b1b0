import type {
  BroadcastHandles,
  BroadcastRecord,
  ReadonlyBroadcastHandles,
} from "../../../common/functions/process-functions.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { BroadcastState, ReadonlyBroadcastState, ReadonlyState } from "../../../common/state/state.ts";
import type { OperatorStateStore } from "../../state/operator-state.ts";

/** The broadcast states of an operator by field name: to be written where broadcast records come, readonly elsewhere. */
export interface BroadcastStates {
  readonly writable: BroadcastHandles<BroadcastRecord>;
  readonly readonly: ReadonlyBroadcastHandles<BroadcastRecord>;
}

export function broadcastStates(store: OperatorStateStore, states: BroadcastRecord): BroadcastStates {
  const handles = Object.entries(states).map(
    ([field, descriptor]) => [field, store.getBroadcastState(field, descriptor)] as const,
  );
  return {
    writable: Object.fromEntries(handles) as BroadcastHandles<BroadcastRecord>,
    readonly: Object.fromEntries(
      handles.map(([field, state]) => [field, new ReadonlyBroadcast(field, state)]),
    ) as ReadonlyBroadcastHandles<BroadcastRecord>,
  };
}

/** A broadcast state that refuses to be changed: other subtasks would not see it. */
class ReadonlyBroadcast<K, V> implements ReadonlyBroadcastState<K, V> {
  readonly #name: string;
  readonly #state: BroadcastState<K, V>;

  constructor(name: string, state: BroadcastState<K, V>) {
    this.#name = name;
    this.#state = state;
  }

  get size(): number {
    return this.#state.size;
  }

  get(key: K): ReadonlyState<V> | undefined {
    return this.#state.get(key);
  }

  has(key: K): boolean {
    return this.#state.has(key);
  }

  entries(): Iterable<readonly [K, ReadonlyState<V>]> {
    return this.#state.entries();
  }

  put(): never {
    throw this.#refused("put");
  }

  remove(): never {
    throw this.#refused("remove");
  }

  clear(): never {
    throw this.#refused("clear");
  }

  #refused(method: string): MillraceError {
    return new MillraceError(
      "STATE_MISUSE",
      `${method} was called on broadcast state "${this.#name}" outside of onBroadcast`,
      {
        help: "Only broadcast records may change broadcast state, since every subtask sees them; keep what differs by key in keyed state.",
      },
    );
  }
}
