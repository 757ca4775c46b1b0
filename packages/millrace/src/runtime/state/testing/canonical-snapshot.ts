import { keyIndex } from "../../../common/keys/key-index.ts";
import type { CapturedElement, CapturedState } from "../captured-state.ts";
import type { KeyedStateSnapshot } from "../keyed-capture.ts";

/** A snapshot in one readable order, to be compared: lines of state, namespace and key, with what is stored. */
export function canonicalSnapshot(snapshot: KeyedStateSnapshot): Record<string, unknown> {
  const lines: [string, unknown][] = [];
  for (const [keyGroup, { entries }] of snapshot.keyGroups) {
    for (const { key, state, namespace, value } of entries) {
      const meta = snapshot.states[state]!;
      const name = `${meta.layout} ${meta.name}${namespace === undefined ? "" : `[${namespace}]`}`;
      lines.push([`${keyGroup} ${name} ${typeof key} ${String(keyIndex(key))}`, canonicalState(value)]);
    }
  }
  return Object.fromEntries(lines.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function canonicalState(state: CapturedState): unknown {
  switch (state.kind) {
    case "element":
      return element(state);
    case "list":
      return Array.from(state.elements, element);
    case "map":
      return sorted(Array.from(state.entries, ([key, item]) => [String(keyIndex(key)), element(item)]));
    case "namespaces":
      return sorted(Array.from(state.namespaces, ([name, inner]) => [name, canonicalState(inner)]));
    case "timers":
      return sorted(Array.from(state.timers, ({ time, namespace }) => [`${time}/${namespace}`, true]));
  }
}

function element({ value, time }: CapturedElement): unknown {
  return time === undefined ? value : { value, time };
}

function sorted(pairs: [string, unknown][]): unknown {
  return pairs.sort(([a], [b]) => (a < b ? -1 : 1));
}
