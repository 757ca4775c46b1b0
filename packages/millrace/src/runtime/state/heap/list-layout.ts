import type { CapturedElement, CapturedState } from "../captured-state.ts";
import { captureElement, restoreElement } from "./element.ts";
import { wrongKind } from "./element-layout.ts";
import type { ChangeGuard, Layout, LayoutOptions } from "./layout.ts";
import { isExpired, type TtlCell } from "./ttl.ts";

/**
 * List state: an array that only grows, or is replaced as a whole, and whose elements don't change. So an image is the
 * array and its length.
 */
export class ListLayout implements Layout {
  readonly #options: LayoutOptions;

  constructor(options: LayoutOptions) {
    this.#options = options;
  }

  capture(stored: unknown): CapturedState {
    const list = stored as readonly unknown[];
    return { kind: "list", elements: elements(list, list.length) };
  }

  image(stored: unknown): CapturedState {
    return this.capture(stored);
  }

  releaseImage(): void {}

  restore(captured: CapturedState): unknown {
    if (captured.kind !== "list") throw wrongKind("a list", captured);
    const { customs, ttl } = this.#options;
    const now = this.#options.now();
    return Array.from(captured.elements, (element) => restoreElement(element, customs, ttl, now));
  }

  sweep(stored: unknown, now: number, _budget: number, guard: ChangeGuard, id: number): unknown {
    const { ttl } = this.#options;
    // Elements stand in the order of their times, so the first tells.
    const cells = stored as readonly TtlCell[];
    if (ttl === undefined || !isExpired(cells[0]!, ttl, now)) return stored;
    guard.beforeChange(id);
    const left = cells.filter((cell) => !isExpired(cell, ttl, now));
    return left.length === 0 ? undefined : left;
  }
}

function elements(list: readonly unknown[], length: number): Iterable<CapturedElement> {
  return {
    *[Symbol.iterator]() {
      for (let i = 0; i < length; i++) yield captureElement(list[i]);
    },
  };
}
