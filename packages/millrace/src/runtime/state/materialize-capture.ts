import type { CapturedElement, CapturedEntry, CapturedState } from "./captured-state.ts";
import { deepCopy, NO_CUSTOMS, type Customs } from "./deep-copy.ts";
import type { KeyedStateCapture, KeyedStateSnapshot, KeyGroupSnapshot } from "./keyed-capture.ts";

/** Keys that `prepare` sorts at a time. */
const SLICE = 10_000;

/** Reads a capture to its end, in one go, into plain data that nobody else holds, and releases it. */
export function materializeCapture(capture: KeyedStateCapture): KeyedStateSnapshot {
  const keyGroups = new Map<number, KeyGroupSnapshot>();
  while (!capture.prepare(SLICE));
  for (let group = capture.keyGroups.start; group < capture.keyGroups.end; group++) {
    const entries = Array.from(capture.read(group), (entry): CapturedEntry => {
      const customs = capture.states[entry.state]!.type?.customs ?? NO_CUSTOMS;
      return { ...entry, key: deepCopy(entry.key, NO_CUSTOMS), value: copyCaptured(entry.value, customs) };
    });
    keyGroups.set(group, { watermark: capture.watermark(group), entries });
  }
  capture.release();
  return { maxParallelism: capture.maxParallelism, states: capture.states, keyGroups };
}

/** A copy of a live view. */
export function copyCaptured(state: CapturedState, customs: Customs): CapturedState {
  switch (state.kind) {
    case "element":
      return copyElement(state, customs);
    case "list":
      return {
        kind: "list",
        elements: Array.from(state.elements, (element) => copyElement(element, customs)),
      };
    case "map":
      return {
        kind: "map",
        entries: Array.from(
          state.entries,
          ([key, element]) => [deepCopy(key, NO_CUSTOMS), copyElement(element, customs)] as const,
        ),
      };
    case "namespaces":
      return {
        kind: "namespaces",
        namespaces: Array.from(
          state.namespaces,
          ([name, inner]) => [name, copyCaptured(inner, customs)] as const,
        ),
      };
    case "timers":
      return { kind: "timers", timers: [...state.timers] };
  }
}

function copyElement({ value, time }: CapturedElement, customs: Customs): CapturedElement {
  return { kind: "element", value: deepCopy(value, customs), time };
}
