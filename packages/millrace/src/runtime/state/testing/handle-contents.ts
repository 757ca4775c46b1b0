import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { keyIndex } from "../../../common/keys/key-index.ts";
import type { KeyedStateHandle } from "../../../protocol/control/snapshots.ts";
import { openKeyedPart } from "../../checkpoint/format/open-keyed-part.ts";
import type { CapturedElement, CapturedEntry, CapturedState } from "../captured-state.ts";
import { inMemory } from "./take-snapshot.ts";

/** What is in a canonical handle, to be compared: by key group, state, namespace and key, what is stored. Values of declared types, too. */
export function handleContents(handle: KeyedStateHandle | undefined): Record<string, unknown> {
  const lines = new Map<string, unknown>();
  if (handle === undefined) return {};
  if (handle.kind !== "canonical") throw new MillraceError("INTERNAL", `contents of a ${handle.kind} handle`);
  for (const bytes of handle.parts) {
    const part = openKeyedPart(inMemory, bytes);
    const seen = new Set<string>();
    for (const [state, { layout, name }] of part.header.states.entries()) {
      for (let group = handle.keyGroups.start; group < handle.keyGroups.end; group++) {
        const place = `${group} ${layout} ${name}`;
        for (const namespace of part.removedNamespaces(state, group)) {
          const inTable = [...lines.keys()].filter((line) => line.startsWith(`${place}[${namespace}] `));
          for (const line of inTable) lines.delete(line);
        }
        for (const { key, namespace } of part.removals(state, group))
          lines.delete(lineOf(place, key, namespace));
        for (const entry of part.entries(state, group, undefined)) {
          const line = lineOf(place, entry.key, entry.namespace);
          if (seen.has(line)) throw new MillraceError("INTERNAL", `${line} stands twice in a part`);
          seen.add(line);
          lines.set(line, contentOf(entry.value));
        }
      }
    }
    part.close();
  }
  return Object.fromEntries([...lines].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function lineOf(place: string, key: unknown, namespace: CapturedEntry["namespace"]): string {
  return `${place}${namespace === undefined ? "" : `[${namespace}]`} ${typeof key} ${String(keyIndex(key))}`;
}

function contentOf(state: CapturedState): unknown {
  switch (state.kind) {
    case "element":
      return element(state);
    case "list":
      return Array.from(state.elements, element);
    case "map":
      return sorted(Array.from(state.entries, ([key, item]) => [String(keyIndex(key)), element(item)]));
    case "namespaces":
      return sorted(Array.from(state.namespaces, ([name, inner]) => [name, contentOf(inner)]));
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
