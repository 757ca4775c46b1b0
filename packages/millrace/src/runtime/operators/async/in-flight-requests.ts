import type { KeySelector } from "../../../common/functions/functions.ts";
import type { ListState, ListStateDescriptor } from "../../../common/state/state.ts";
import type { Timestamp } from "../../../common/time/timestamps.ts";
import type { TypeInfo } from "../../../common/types/type-info.ts";
import { Types } from "../../../common/types/types.ts";
import type { AsyncSpec } from "../../../graph/stream/operator-spec.ts";
import type { KeyedStateStore } from "../../state/keyed-state.ts";
import type { OperatorContext } from "../operator.ts";

/** A record underway, as it stands in snapshots. */
export interface InFlight {
  readonly value: unknown;
  readonly timestamp: Timestamp;
}

/**
 * The records that an asynchronous operator has underway, as state (correctness rule 16): by key group behind a `keyBy`, so that after a
 * restore at another parallelism the records of a key are still in one subtask, and in their order; as a list otherwise.
 */
export interface InFlightRequests {
  /** What was restored, in order; it is state no longer. Called once, before `keep`. */
  take(): readonly InFlight[];
  /** What is underway now, in order, in the place of what was kept before. */
  keep(entries: readonly InFlight[]): void;
}

const NAME = "async-in-flight";

/** Makes the state of an operator, of the kind that fits its input. */
export function inFlightRequests(spec: AsyncSpec, context: OperatorContext): InFlightRequests {
  const { inFlightKey, inputType } = spec;
  return inFlightKey === undefined
    ? new ListedRequests(context.operatorState.getListState(NAME, listOf(listedType(inputType))))
    : new KeyedRequests(context.keyedState, inFlightKey, inputType);
}

class ListedRequests implements InFlightRequests {
  readonly #state: ListState<InFlight>;

  constructor(state: ListState<InFlight>) {
    this.#state = state;
  }

  take(): readonly InFlight[] {
    const entries = [...(this.#state.get() as Iterable<InFlight>)];
    this.#state.clear();
    return entries;
  }

  keep(entries: readonly InFlight[]): void {
    this.#state.update(entries.map(({ value, timestamp }) => ({ value, timestamp })));
  }
}

/** With its place among all of its subtask's. */
interface Placed extends InFlight {
  readonly place: number;
}

class KeyedRequests implements InFlightRequests {
  readonly #store: KeyedStateStore;
  readonly #keyOf: KeySelector<unknown, unknown>;
  readonly #state: ListState<Placed>;
  /** The keys that have something in state. */
  #kept: unknown[] = [];

  constructor(
    store: KeyedStateStore,
    keyOf: KeySelector<unknown, unknown>,
    inputType: TypeInfo<unknown> | undefined,
  ) {
    this.#store = store;
    this.#keyOf = keyOf;
    this.#state = store.getState(NAME, listOf(placedType(inputType)));
  }

  take(): readonly InFlight[] {
    const entries: Placed[] = [];
    this.#store.forEachKey(NAME, (key) => {
      this.#kept.push(key);
      // What state hands out is readonly in its type; nobody here changes it.
      entries.push(...(this.#state.get() as Iterable<Placed>));
    });
    this.#clear();
    // Those of one former subtask come as they came there; the sort is stable, and a key was in one subtask only.
    return entries.sort((a, b) => a.place - b.place);
  }

  keep(entries: readonly InFlight[]): void {
    this.#clear();
    const keyOf = this.#keyOf;
    for (const [place, { value, timestamp }] of entries.entries()) {
      const key = keyOf(value);
      this.#store.setCurrentKey(key);
      if (this.#state.size === 0) this.#kept.push(key);
      this.#state.add({ value, timestamp, place });
    }
    this.#store.clearCurrentKey();
  }

  #clear(): void {
    for (const key of this.#kept) {
      this.#store.setCurrentKey(key);
      this.#state.clear();
    }
    this.#kept = [];
    this.#store.clearCurrentKey();
  }
}

const listOf = <T>(type: TypeInfo<T> | undefined): ListStateDescriptor<T> => ({
  "~millrace": "state",
  kind: "list",
  type,
});

const listedType = (value: TypeInfo<unknown> | undefined): TypeInfo<InFlight> | undefined =>
  value === undefined ? undefined : Types.object({ value, timestamp: Types.double });

const placedType = (value: TypeInfo<unknown> | undefined): TypeInfo<Placed> | undefined =>
  value === undefined ? undefined : Types.object({ value, timestamp: Types.double, place: Types.int });
