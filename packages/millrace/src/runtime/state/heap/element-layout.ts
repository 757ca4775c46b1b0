import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { CapturedState } from "../captured-state.ts";
import { captureElement, imageElement, restoreElement } from "./element.ts";
import type { ChangeGuard, Layout, LayoutOptions } from "./layout.ts";
import { isExpired, TtlCell } from "./ttl.ts";

/** Value, reducing and aggregating state: the value or accumulator itself, in a cell under a time to live. */
export class ElementLayout implements Layout {
  readonly #options: LayoutOptions;

  constructor(options: LayoutOptions) {
    this.#options = options;
  }

  capture(stored: unknown): CapturedState {
    return captureElement(stored);
  }

  image(stored: unknown): CapturedState {
    return imageElement(stored, this.#options.customs);
  }

  releaseImage(): void {}

  restore(captured: CapturedState): unknown {
    if (captured.kind !== "element") throw wrongKind("an element", captured);
    const { customs, ttl, now } = this.#options;
    return restoreElement(captured, customs, ttl, now());
  }

  sweep(stored: unknown, now: number, _budget: number, _guard: ChangeGuard, _id: number): unknown {
    const { ttl } = this.#options;
    return ttl !== undefined && stored instanceof TtlCell && isExpired(stored, ttl, now) ? undefined : stored;
  }
}

/** The error for captured state of another kind than its state says. */
export function wrongKind(expected: string, captured: CapturedState): MillraceError {
  return new MillraceError("INTERNAL", `expected ${expected} in captured state, got ${captured.kind}`);
}
