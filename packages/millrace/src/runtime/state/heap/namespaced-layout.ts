import type { CapturedState } from "../captured-state.ts";
import { wrongKind } from "./element-layout.ts";
import type { ChangeGuard, Layout } from "./layout.ts";
import { NamespaceCells } from "./namespace-cells.ts";

/** State by key and namespace: `NamespaceCells`, in each of which an inner layout stores its state. */
export class NamespacedLayout implements Layout {
  readonly #inner: Layout;

  constructor(inner: Layout) {
    this.#inner = inner;
  }

  capture(stored: unknown): CapturedState {
    return this.#each(stored, (inner) => this.#inner.capture(inner));
  }

  image(stored: unknown): CapturedState {
    return this.#each(stored, (inner) => this.#inner.image(inner));
  }

  releaseImage(stored: unknown): void {
    for (const [, inner] of (stored as NamespaceCells).entries()) this.#inner.releaseImage(inner);
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

  sweep(stored: unknown, now: number, budget: number, guard: ChangeGuard, id: number): unknown {
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

  #each(stored: unknown, view: (inner: unknown) => CapturedState): CapturedState {
    const namespaces = (stored as NamespaceCells)
      .entries()
      .map(([namespace, inner]) => [namespace, view(inner)] as const);
    return { kind: "namespaces", namespaces };
  }
}
