import {
  MillraceError,
  nothingAnswered,
  type NamespacedState,
  type Place,
  type StateDescriptor,
  type StateHandle,
} from "millrace/internal/state-backend";
import type { CurrentKey } from "./current-key.ts";
import type { RowSetPlace } from "./row-set-place.ts";

/** What a namespaced state stands on. */
export type NamespacedPlace =
  | { readonly kind: "element"; readonly place: { namespace: string }; readonly elements: Place }
  | { readonly kind: "collection"; readonly place: RowSetPlace; readonly keys: CurrentKey };

/** Namespaced state: one handle whose place moves from namespace to namespace. */
export class RocksNamespacedHandle<D extends StateDescriptor> implements NamespacedState<D> {
  readonly #descriptor: StateDescriptor;
  readonly #on: NamespacedPlace;
  readonly #handle: StateHandle<D>;
  readonly #where: string;

  constructor(descriptor: D, on: NamespacedPlace, handle: StateHandle<D>, where: string) {
    this.#descriptor = descriptor;
    this.#on = on;
    this.#handle = handle;
    this.#where = where;
  }

  in(namespace: string): StateHandle<D> {
    this.#on.place.namespace = namespace;
    return this.#handle;
  }

  merge(target: string, sources: readonly string[]): void {
    const descriptor = this.#descriptor;
    const { place } = this.#on;
    const before = place.namespace;
    const others = sources.filter((source) => source !== target);
    if (descriptor.kind === "value" || descriptor.kind === "map")
      throw this.#refused(`it is a ${descriptor.kind} state`, "Use reducing, aggregating or list state.");
    if (descriptor.kind === "aggregating" && descriptor.aggregate.merge === undefined) {
      throw this.#refused("its aggregate function has no merge", "Give it one: merge(a, b) joins b into a.");
    }
    if (this.#on.kind === "collection") this.#mergeLists(this.#on.place, target, others);
    else this.#mergeElements(this.#on.elements, target, others);
    place.namespace = before;
  }

  #mergeElements(elements: Place, target: string, sources: readonly string[]): void {
    const { place } = this.#on;
    const parts = sources.map((source) => {
      place.namespace = source;
      const part = elements.getForChange();
      if (part !== undefined) elements.clear();
      return part;
    });
    place.namespace = target;
    let joined = elements.getForChange();
    for (const part of parts) {
      if (part !== undefined) joined = joined === undefined ? part : this.#join(joined, part);
    }
    if (joined !== undefined) elements.set(joined);
  }

  #mergeLists(place: RowSetPlace, target: string, sources: readonly string[]): void {
    for (const source of sources) {
      place.namespace = source;
      const cell = place.find();
      if (cell === undefined) continue;
      const moved = [...place.map.elements(cell)].map(({ value, time }) => ({ value, time }));
      place.clear();
      place.namespace = target;
      for (const { value, time } of moved) {
        const to = place.forChange();
        place.map.add(to, to.next, undefined, value, time);
      }
    }
  }

  #join(a: unknown, b: unknown): unknown {
    const descriptor = this.#descriptor;
    const joined: unknown =
      descriptor.kind === "reducing"
        ? descriptor.reduce(a, b)
        : descriptor.kind === "aggregating"
          ? descriptor.aggregate.merge?.(a, b)
          : undefined;
    if (joined === undefined)
      throw nothingAnswered(descriptor.kind === "reducing" ? "reduce" : "merge", this.#where);
    return joined;
  }

  #refused(why: string, help: string): MillraceError {
    return new MillraceError("STATE_MISUSE", `${this.#where} can't be merged: ${why}`, { help });
  }
}
