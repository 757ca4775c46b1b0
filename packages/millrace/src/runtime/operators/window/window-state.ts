import { unreachable } from "../../../common/errors/unreachable.ts";
import type {
  AggregateFunction,
  AggregatingStateDescriptor,
  ListStateDescriptor,
  ReducingStateDescriptor,
} from "../../../common/state/state.ts";
import type { Timestamp } from "../../../common/time/timestamps.ts";
import type { Evictor, TimestampedValue } from "../../../common/windows/trigger.ts";
import type { Window } from "../../../common/windows/window.ts";
import type { WindowSpec } from "../../../graph/stream/operator-spec.ts";
import type { KeyedStateStore, NamespacedState } from "../../state/keyed-state.ts";
import { canMerge } from "./aggregate-fold.ts";
import { windowFold } from "./create-fold.ts";
import type { FoldOptions, WindowFold } from "./window-fold.ts";
import { refuseAsync } from "../../task/chain/refuse-async.ts";
import type { ResultSource } from "./window-results.ts";

/**
 * What a key-first window operator keeps of the records of the current key and a window: their reduced or aggregated value, or
 * all of them. All calls refer to the window that was selected.
 */
export interface WindowState extends ResultSource {
  /** Selects the window's namespace in state. `window` is the one that user functions see, which may have merged. */
  select(namespace: string, window: Window): void;
  add(value: unknown, timestamp: Timestamp): void;
  /** What is emitted or given to the window's function; undefined where there is nothing. */
  result(): unknown;
  /** The result has been emitted. */
  emitted(): void;
  clear(): void;
  /** Moves the contents of `sources` into `target`. */
  merge(target: string, sources: readonly string[]): void;
}

/** What an evictor is told of time. */
export interface EvictorContext {
  currentWatermark(): Timestamp;
  currentProcessingTime(): Timestamp;
}

const NAME = "contents";

/** The state of a window's contents; with an evictor, all records are kept and folded when the window fires. */
export function windowState(
  spec: WindowSpec,
  store: KeyedStateStore,
  evictorContext: EvictorContext,
  options: FoldOptions,
): WindowState {
  const { contents, evictor } = spec;
  if (evictor !== undefined)
    return new EvictedState(evictor, windowFold(contents, options), store, evictorContext);
  switch (contents.kind) {
    case "reduce": {
      const descriptor: ReducingStateDescriptor<unknown> = {
        "~millrace": "state",
        kind: "reducing",
        type: contents.type,
        reduce: synchronous(contents.reduce, options.where),
      };
      return new FoldedState(store.getNamespacedState(NAME, descriptor));
    }
    case "aggregate": {
      const descriptor: AggregatingStateDescriptor<unknown, unknown, unknown> = {
        "~millrace": "state",
        kind: "aggregating",
        type: contents.aggregate.accumulatorType,
        aggregate: synchronousAggregate(contents.aggregate, options.where),
      };
      return new FoldedState(store.getNamespacedState(NAME, descriptor));
    }
    case "process": {
      const descriptor: ListStateDescriptor<unknown> = {
        "~millrace": "state",
        kind: "list",
        type: contents.type,
      };
      return new ListedState(store.getNamespacedState(NAME, descriptor));
    }
    default:
      return unreachable(contents, "window contents");
  }
}

function synchronousAggregate(
  aggregate: AggregateFunction<unknown, unknown, unknown>,
  where: string,
): AggregateFunction<unknown, unknown, unknown> {
  const { accumulatorType } = aggregate;
  return {
    createAccumulator: () => aggregate.createAccumulator(),
    add: synchronous((accumulator, value) => aggregate.add(accumulator, value), where),
    getResult: (accumulator) => aggregate.getResult(accumulator),
    ...(canMerge(aggregate) ? { merge: (a: unknown, b: unknown) => aggregate.merge(a, b) } : {}),
    ...(accumulatorType === undefined ? {} : { accumulatorType }),
  };
}

/** The function, refusing a promise as its first answer. */
function synchronous(
  fn: (a: unknown, b: unknown) => unknown,
  where: string,
): (a: unknown, b: unknown) => unknown {
  let tried = false;
  return (a, b) => {
    const answer = fn(a, b);
    if (!tried) refuseAsync(answer, where);
    tried = true;
    return answer;
  };
}

/** One value for each window. */
class FoldedState implements WindowState {
  readonly #state: NamespacedState<
    ReducingStateDescriptor<unknown> | AggregatingStateDescriptor<unknown, unknown, unknown>
  >;
  #handle: { add(value: unknown): void; get(): unknown; clear(): void };

  constructor(
    state: NamespacedState<
      ReducingStateDescriptor<unknown> | AggregatingStateDescriptor<unknown, unknown, unknown>
    >,
  ) {
    this.#state = state;
    this.#handle = state.in("");
  }

  select(namespace: string): void {
    this.#handle = this.#state.in(namespace);
  }

  add(value: unknown): void {
    this.#handle.add(value);
  }

  result(): unknown {
    return this.#handle.get();
  }

  emitted(): void {}

  clear(): void {
    this.#handle.clear();
  }

  merge(target: string, sources: readonly string[]): void {
    this.#state.merge(target, sources);
  }
}

/** All records of each window. */
class ListedState implements WindowState {
  readonly #state: NamespacedState<ListStateDescriptor<unknown>>;
  #namespace = "";

  constructor(state: NamespacedState<ListStateDescriptor<unknown>>) {
    this.#state = state;
  }

  select(namespace: string): void {
    this.#namespace = namespace;
  }

  add(value: unknown): void {
    this.#state.in(this.#namespace).add(value);
  }

  result(): unknown {
    const records = [...this.#state.in(this.#namespace).get()];
    return records.length === 0 ? undefined : records;
  }

  emitted(): void {}

  clear(): void {
    this.#state.in(this.#namespace).clear();
  }

  merge(target: string, sources: readonly string[]): void {
    this.#state.merge(target, sources);
  }
}

/** All records of each window with their timestamps, of which an evictor removes some before or after the result is made. */
class EvictedState implements WindowState {
  readonly #evictor: Evictor<unknown>;
  readonly #fold: WindowFold;
  readonly #state: NamespacedState<ListStateDescriptor<TimestampedValue<unknown>>>;
  readonly #context: EvictorContext;
  #namespace = "";
  #window: Window | undefined;
  /** What the result was made of. */
  #records: readonly TimestampedValue<unknown>[] = [];

  constructor(evictor: Evictor<unknown>, fold: WindowFold, store: KeyedStateStore, context: EvictorContext) {
    this.#evictor = evictor;
    this.#fold = fold;
    this.#state = store.getNamespacedState<ListStateDescriptor<TimestampedValue<unknown>>>(NAME, {
      "~millrace": "state",
      kind: "list",
      type: undefined,
    });
    this.#context = context;
  }

  select(namespace: string, window: Window): void {
    this.#namespace = namespace;
    this.#window = window;
  }

  add(value: unknown, timestamp: Timestamp): void {
    this.#state.in(this.#namespace).add({ value, timestamp });
  }

  result(): unknown {
    const all = [...(this.#state.in(this.#namespace).get() as Iterable<TimestampedValue<unknown>>)];
    this.#records = all;
    if (all.length === 0) return undefined;
    this.#records = this.#evictor.evictBefore?.(all, this.#window!, this.#context) ?? all;
    let accumulator: unknown;
    for (const { value } of this.#records) {
      accumulator = accumulator === undefined ? this.#fold.create(value) : this.#fold.add(accumulator, value);
    }
    return accumulator === undefined ? this.#fold.empty() : this.#fold.result(accumulator, false);
  }

  emitted(): void {
    const handle = this.#state.in(this.#namespace);
    const before = handle.size;
    const kept = this.#evictor.evictAfter?.(this.#records, this.#window!, this.#context) ?? this.#records;
    this.#records = [];
    if (kept.length === 0) handle.clear();
    else if (kept.length !== before) handle.update(kept);
  }

  clear(): void {
    this.#state.in(this.#namespace).clear();
  }

  merge(target: string, sources: readonly string[]): void {
    this.#state.merge(target, sources);
  }
}
