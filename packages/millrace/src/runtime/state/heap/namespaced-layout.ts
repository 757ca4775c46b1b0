import type { Timestamp } from "../../../common/time/timestamps.ts";
import type { CapturedState } from "../captured-state.ts";
import { wrongKind } from "./element-layout.ts";
import type { ChangeGuard, Layout } from "./layout.ts";
import { NamespaceCells } from "./namespace-cells.ts";

/** State by key and namespace: `NamespaceCells`, in each of which an inner layout stores its state. */
export class NamespacedLayout implements Layout {
  readonly single = false;
  readonly #inner: Layout;

  /** @param inner whose captures must last: a key's namespaces are captured together */
  constructor(inner: Layout) {
    this.#inner = inner;
  }

  weight(stored: unknown): number {
    const cells = stored as NamespaceCells;
    let weight = 0;
    for (const inner of cells.cells()) weight += this.#inner.weight(inner);
    return weight;
  }

  capture(stored: unknown, now: Timestamp): CapturedState | undefined {
    return this.#each(stored, (inner) => this.#inner.capture(inner, now));
  }

  image(stored: unknown, now: Timestamp): CapturedState | undefined {
    return this.#each(stored, (inner) => this.#inner.image(inner, now));
  }

  releaseImage(stored: unknown): void {
    for (const inner of (stored as NamespaceCells).cells()) this.#inner.releaseImage(inner);
  }

  restore(captured: CapturedState): unknown {
    if (captured.kind !== "namespaces") throw wrongKind("namespaces", captured);
    const cells = new NamespaceCells();
    for (const [namespace, state] of captured.namespaces) {
      const inner = this.#inner.restore(state);
      if (inner !== undefined) cells.set(namespace, inner);
    }
    return cells.size === 0 ? undefined : cells;
  }

  sweep(stored: unknown, now: Timestamp, budget: number, guard: ChangeGuard, id: number): unknown {
    const cells = stored as NamespaceCells;
    for (const [namespace, inner] of cells.entries()) {
      const left = this.#inner.sweep(inner, now, budget, guard, id);
      if (left === inner) continue;
      guard.beforeChange(id);
      if (left === undefined) cells.delete(namespace);
      else cells.set(namespace, left);
    }
    return cells.size === 0 ? undefined : cells;
  }

  #each(stored: unknown, view: (inner: unknown) => CapturedState | undefined): CapturedState | undefined {
    const namespaces: (readonly [string, CapturedState])[] = [];
    for (const [namespace, inner] of (stored as NamespaceCells).entries()) {
      const state = view(inner);
      if (state !== undefined) namespaces.push([namespace, state]);
    }
    return namespaces.length === 0 ? undefined : { kind: "namespaces", namespaces };
  }
}
