import type { ListStateDescriptor } from "../../../common/state/state.ts";
import type { NamespacedState } from "../../state/keyed-state.ts";
import type { WindowState } from "./window-state.ts";

/** All records of each window. */
export class ListedState implements WindowState {
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
