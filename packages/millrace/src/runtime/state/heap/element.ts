import type { Timestamp } from "../../../common/time/timestamps.ts";
import type { CapturedElement } from "../captured-state.ts";
import { deepCopy } from "../deep-copy.ts";
import type { LayoutOptions } from "./layout.ts";
import { isExpired, TtlCell } from "./ttl.ts";

/** A stored element as it is captured: bare, or in a cell under a time to live. */
export function captureElement(stored: unknown): CapturedElement {
  return stored instanceof TtlCell
    ? { kind: "element", value: stored.value, time: stored.time }
    : { kind: "element", value: stored, time: undefined };
}

/** The same, unmoved by changes in place. */
export function imageElement(stored: unknown, { customs }: LayoutOptions): CapturedElement {
  const { value, time } = captureElement(stored);
  return { kind: "element", value: deepCopy(value, customs), time };
}

/** Whether a stored element is not past its time. */
export function isAlive(stored: unknown, { ttl }: LayoutOptions, now: Timestamp): boolean {
  return ttl === undefined || !isExpired(stored as TtlCell, ttl, now);
}

/** What to store for a captured element. Where it had no time to live and has one now, its time begins now. */
export function restoreElement(element: CapturedElement, { ttl, keep, now }: LayoutOptions): unknown {
  const value = keep(element.value);
  return ttl === undefined ? value : new TtlCell(value, element.time ?? now());
}
