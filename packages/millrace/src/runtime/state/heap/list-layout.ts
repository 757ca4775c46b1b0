import type { Timestamp } from "../../../common/time/timestamps.ts";
import type { CapturedElement, CapturedState } from "../captured-state.ts";
import { captureElement, isAlive, restoreElement } from "./element.ts";
import { wrongKind } from "./element-layout.ts";
import type { ChangeGuard, Layout, LayoutOptions } from "./layout.ts";

/**
 * List state: an array that only grows, or is replaced as a whole, and whose elements don't change. So an image is the
 * array and its length.
 */
export class ListLayout implements Layout {
  readonly single = false;
  readonly #options: LayoutOptions;

  constructor(options: LayoutOptions) {
    this.#options = options;
  }

  weight(stored: unknown): number {
    return (stored as readonly unknown[]).length;
  }

  capture(stored: unknown, now: Timestamp): CapturedState | undefined {
    const all = stored as readonly unknown[];
    const alive =
      this.#options.ttl === undefined ? all : all.filter((each) => isAlive(each, this.#options, now));
    return alive.length === 0 ? undefined : { kind: "list", elements: alive.map(captureElement) };
  }

  image(stored: unknown, now: Timestamp): CapturedState {
    const list = stored as readonly unknown[];
    return { kind: "list", elements: aliveElements(list, list.length, this.#options, now) };
  }

  releaseImage(): void {}

  restore(captured: CapturedState): unknown {
    if (captured.kind !== "list") throw wrongKind("a list", captured);
    const list: unknown[] = [];
    for (const element of captured.elements) list.push(restoreElement(element, this.#options));
    return list.length === 0 ? undefined : list;
  }

  sweep(stored: unknown, now: Timestamp, _budget: number, guard: ChangeGuard, id: number): unknown {
    // Elements stand in the order of their times, so the first tells.
    const cells = stored as readonly unknown[];
    if (isAlive(cells[0], this.#options, now)) return stored;
    guard.beforeChange(id);
    const left = cells.filter((cell) => isAlive(cell, this.#options, now));
    return left.length === 0 ? undefined : left;
  }
}

function* aliveElements(
  list: readonly unknown[],
  length: number,
  options: LayoutOptions,
  now: Timestamp,
): Generator<CapturedElement> {
  for (let i = 0; i < length; i++) if (isAlive(list[i], options, now)) yield captureElement(list[i]);
}
