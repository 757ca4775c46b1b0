import { listState } from "../../../common/state/descriptors.ts";
import type { ListStateDescriptor } from "../../../common/state/state.ts";
import type { Timestamp } from "../../../common/time/timestamps.ts";
import type { TypeInfo } from "../../../common/types/type-info.ts";
import { Types } from "../../../common/types/types.ts";
import type { Evictor, TimestampedValue } from "../../../common/windows/trigger.ts";
import type { Window } from "../../../common/windows/window.ts";
import type { NamespacedState } from "../../state/keyed-state.ts";
import type { WindowFold } from "./window-fold.ts";
import type { WindowState } from "./window-state.ts";

/** What an evictor is told of time. */
export interface EvictorContext {
  currentWatermark(): Timestamp;
  currentProcessingTime(): Timestamp;
}

/** What is stored of windows with an evictor: all records and their timestamps. */
export function evictedDescriptor(
  value: TypeInfo<unknown> | undefined,
): ListStateDescriptor<TimestampedValue<unknown>> {
  return listState(value === undefined ? undefined : Types.object({ value, timestamp: Types.double }));
}

/** All records of each window with their timestamps, of which an evictor removes some before or after the result is made. */
export class EvictedState implements WindowState {
  readonly #evictor: Evictor<unknown>;
  readonly #fold: WindowFold;
  readonly #state: NamespacedState<ListStateDescriptor<TimestampedValue<unknown>>>;
  readonly #context: EvictorContext;
  #namespace = "";
  #window: Window | undefined;
  /** What the result was made of. */
  #records: readonly TimestampedValue<unknown>[] = [];

  constructor(
    state: NamespacedState<ListStateDescriptor<TimestampedValue<unknown>>>,
    evictor: Evictor<unknown>,
    fold: WindowFold,
    context: EvictorContext,
  ) {
    this.#state = state;
    this.#evictor = evictor;
    this.#fold = fold;
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
