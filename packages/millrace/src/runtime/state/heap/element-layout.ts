import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { Timestamp } from "../../../common/time/timestamps.ts";
import type { CapturedState } from "../captured-state.ts";
import { captureElement, imageElement, isAlive, restoreElement } from "./element.ts";
import type { ChangeGuard, Layout, LayoutOptions } from "./layout.ts";
import { TtlCell } from "./ttl.ts";

/** Value, reducing and aggregating state: the value or accumulator itself, in a cell under a time to live. */
export class ElementLayout implements Layout {
  readonly single = true;
  readonly #options: LayoutOptions;
  /** Used again for each capture: there may be millions. */
  readonly #captured: { kind: "element"; value: unknown; time: Timestamp | undefined } = {
    kind: "element",
    value: undefined,
    time: undefined,
  };

  constructor(options: LayoutOptions) {
    this.#options = options;
  }

  weight(): number {
    return 1;
  }

  capture(stored: unknown, now: Timestamp): CapturedState | undefined {
    if (!isAlive(stored, this.#options, now)) return undefined;
    if (this.#options.capturesLast === true) return captureElement(stored);
    const captured = this.#captured;
    if (stored instanceof TtlCell) {
      captured.value = stored.value;
      captured.time = stored.time;
    } else {
      captured.value = stored;
      captured.time = undefined;
    }
    return captured;
  }

  image(stored: unknown, now: Timestamp): CapturedState | undefined {
    return isAlive(stored, this.#options, now) ? imageElement(stored, this.#options) : undefined;
  }

  releaseImage(): void {}

  restore(captured: CapturedState): unknown {
    if (captured.kind !== "element") throw wrongKind("an element", captured);
    return restoreElement(captured, this.#options);
  }

  sweep(stored: unknown, now: Timestamp, _budget: number, _guard: ChangeGuard, _id: number): unknown {
    return isAlive(stored, this.#options, now) ? stored : undefined;
  }
}

/** The error for captured state of another kind than its state says. */
export function wrongKind(expected: string, captured: CapturedState): MillraceError {
  return new MillraceError("INTERNAL", `expected ${expected} in captured state, got ${captured.kind}`);
}
