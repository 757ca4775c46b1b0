import { keyIndex, type KeyIndex } from "../../common/keys/key-index.ts";
import type { KeyedStateHandle } from "../../protocol/control/snapshots.ts";
import type { KeyedPartReader, StateHeader } from "../../runtime/checkpoint/format/keyed-part.ts";
import { openKeyedPart } from "../../runtime/checkpoint/format/open-keyed-part.ts";
import type { CapturedEntry } from "../../runtime/state/captured-state.ts";
import { readingFiles } from "./reading-files.ts";

/** An entry and the key group that it is of. */
export interface GroupedEntry {
  readonly keyGroup: number;
  readonly entry: CapturedEntry;
}

/** A part with the states that are asked for. */
interface OpenPart {
  readonly reader: KeyedPartReader;
  readonly states: readonly number[];
}

/**
 * The entries of a state in one subtask's handle, as they would be restored: what later parts have replaced or removed is left out. Read as
 * they are asked for, a key group at a time.
 *
 * @param wanted tells the state by its header
 * @throws CHECKPOINT_CORRUPT naming file and block
 */
export function* readEntries(
  handle: KeyedStateHandle & { readonly kind: "canonical" },
  wanted: (header: StateHeader) => boolean,
): Generator<GroupedEntry> {
  const parts: OpenPart[] = [];
  try {
    for (const part of handle.parts) {
      const reader = openKeyedPart(readingFiles, part);
      const { states } = reader.header;
      parts.push({ reader, states: [...states.keys()].filter((state) => wanted(states[state]!)) });
    }
    const { start, end } = handle.keyGroups;
    for (let keyGroup = start; keyGroup < end; keyGroup++)
      for (const entry of groupEntries(parts, keyGroup)) yield { keyGroup, entry };
  } finally {
    for (const { reader } of parts) reader.close();
  }
}

/** From the newest part to the oldest: what a newer one has of a key counts. */
function* groupEntries(parts: readonly OpenPart[], keyGroup: number): Generator<CapturedEntry> {
  const layouts = new Set(
    parts.flatMap(({ reader, states }) => states.map((s) => reader.header.states[s]!.layout)),
  );
  for (const layout of layouts) {
    const gone = new Gone();
    for (const { reader, states } of parts.toReversed()) {
      const state = states.find((each) => reader.header.states[each]?.layout === layout);
      if (state === undefined) continue;
      const seen = new Gone();
      for (const entry of reader.entries(state, keyGroup, undefined)) {
        if (gone.has(entry.key, entry.namespace)) continue;
        // The oldest part hides nothing any more.
        if (reader !== parts[0]?.reader) seen.add(entry.key, entry.namespace);
        yield entry;
      }
      gone.addAll(seen);
      for (const { key, namespace } of reader.removals(state, keyGroup)) gone.add(key, namespace);
      for (const namespace of reader.removedNamespaces(state, keyGroup)) gone.addNamespace(namespace);
    }
  }
}

/** Keys that older parts have no say in any more. */
class Gone {
  readonly #keys = new Map<number | undefined, Set<KeyIndex>>();
  readonly #namespaces = new Set<number>();

  has(key: unknown, namespace: number | undefined): boolean {
    if (namespace !== undefined && this.#namespaces.has(namespace)) return true;
    const keys = this.#keys.get(namespace);
    return keys !== undefined && keys.has(keyIndex(key));
  }

  add(key: unknown, namespace: number | undefined): void {
    const index = keyIndex(key);
    const keys = this.#keys.get(namespace);
    if (keys === undefined) this.#keys.set(namespace, new Set([index]));
    else keys.add(index);
  }

  addNamespace(namespace: number): void {
    this.#namespaces.add(namespace);
  }

  addAll(other: Gone): void {
    for (const [namespace, keys] of other.#keys) {
      const own = this.#keys.get(namespace);
      if (own === undefined) this.#keys.set(namespace, keys);
      else for (const key of keys) own.add(key);
    }
  }
}
