import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { unreachable } from "../../../common/errors/unreachable.ts";
import type { StateDescriptor, StateHandle } from "../../../common/state/state.ts";
import type { NamespacedState } from "../keyed-state.ts";
import type { NamespacePlace } from "./namespace-place.ts";
import { nothingAnswered } from "../nothing-answered.ts";
import type { Place } from "./place.ts";

/** Namespaced state: one handle whose place moves from namespace to namespace. */
export class NamespacedHandle<D extends StateDescriptor> implements NamespacedState<D> {
  readonly #descriptor: StateDescriptor;
  readonly #place: NamespacePlace;
  /** The place with its time to live, where values are bare. */
  readonly #elements: Place;
  readonly #handle: StateHandle<D>;
  readonly #where: string;

  constructor(descriptor: D, place: NamespacePlace, elements: Place, handle: StateHandle<D>, where: string) {
    this.#descriptor = descriptor;
    this.#place = place;
    this.#elements = elements;
    this.#handle = handle;
    this.#where = where;
  }

  in(namespace: string): StateHandle<D> {
    this.#place.namespace = namespace;
    return this.#handle;
  }

  merge(target: string, sources: readonly string[]): void {
    const join = this.#joiner();
    const before = this.#place.namespace;
    const parts = sources.filter((source) => source !== target).map((source) => this.#take(source));
    this.#place.namespace = target;
    let joined = this.#elements.getForChange();
    for (const part of parts) {
      if (part !== undefined) joined = joined === undefined ? part : join(joined, part);
    }
    if (joined !== undefined) this.#elements.set(joined);
    this.#place.namespace = before;
  }

  #take(namespace: string): unknown {
    this.#place.namespace = namespace;
    const stored = this.#elements.getForChange();
    if (stored !== undefined) this.#elements.clear();
    return stored;
  }

  /** How two states of this kind become one. */
  #joiner(): (a: unknown, b: unknown) => unknown {
    const descriptor = this.#descriptor;
    switch (descriptor.kind) {
      case "list":
        return (a, b) => [...(a as unknown[]), ...(b as unknown[])];
      case "reducing":
        return (a, b) => this.#answered(descriptor.reduce(a, b), "reduce");
      case "aggregating": {
        const { aggregate } = descriptor;
        if (aggregate.merge === undefined) {
          throw this.#refused(
            "its aggregate function has no merge",
            "Give it one: merge(a, b) joins b into a.",
          );
        }
        return (a, b) => this.#answered(aggregate.merge?.(a, b), "merge");
      }
      case "value":
      case "map":
        throw this.#refused(`it is a ${descriptor.kind} state`, "Use reducing, aggregating or list state.");
      default:
        return unreachable(descriptor, "state kind");
    }
  }

  #answered(joined: unknown, method: "reduce" | "merge"): unknown {
    if (joined === undefined) throw nothingAnswered(method, this.#where);
    return joined;
  }

  #refused(why: string, help: string): MillraceError {
    return new MillraceError("STATE_MISUSE", `${this.#where} can't be merged: ${why}`, { help });
  }
}
