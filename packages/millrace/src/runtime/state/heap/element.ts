import type { CapturedElement } from "../captured-state.ts";
import { deepCopy, type Customs } from "../deep-copy.ts";
import { TtlCell, type TtlPolicy } from "./ttl.ts";

/** A stored element as it is captured: bare, or in a cell under a time to live. */
export function captureElement(stored: unknown): CapturedElement {
  return stored instanceof TtlCell
    ? { kind: "element", value: stored.value, time: stored.time }
    : { kind: "element", value: stored, time: undefined };
}

/** The same, unmoved by changes in place. */
export function imageElement(stored: unknown, customs: Customs): CapturedElement {
  const { value, time } = captureElement(stored);
  return { kind: "element", value: deepCopy(value, customs), time };
}

/** What to store for a captured element. Where it had no time to live and has one now, its time begins now. */
export function restoreElement(
  element: CapturedElement,
  customs: Customs,
  ttl: TtlPolicy | undefined,
  now: number,
): unknown {
  const value = deepCopy(element.value, customs);
  return ttl === undefined ? value : new TtlCell(value, element.time ?? now);
}
