import type { CapturedElement, CapturedState } from "../captured-state.ts";
import { deepCopy, NO_CUSTOMS, type Customs } from "../deep-copy.ts";

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
