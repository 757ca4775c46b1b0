import type { AggregatingStateDescriptor, ReducingStateDescriptor } from "../../../common/state/state.ts";
import type { NamespacedState } from "../../state/keyed-state.ts";
import type { WindowState } from "./window-state.ts";

/** One value for each window. */
export class FoldedState implements WindowState {
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
