import type { HeapTables } from "../heap-tables.ts";
import { uniteBits } from "./bits.ts";
import type { EntryChanges, EntryDelta } from "./entry-changes.ts";

/** What changed in a whole store between two snapshots. */
export interface StoreDelta {
  /** Of columns and tables that have changed. */
  readonly entries: ReadonlyMap<EntryChanges, EntryDelta>;
  /** Namespaces whose tables were there at the first snapshot and were dropped. */
  readonly dropped: ReadonlyMap<HeapTables<unknown>, readonly number[]>;
}

export const NO_DELTA: StoreDelta = { entries: new Map(), dropped: new Map() };

/** What changed between the first and the last of several snapshots. */
export function uniteDeltas(deltas: readonly StoreDelta[]): StoreDelta {
  const [first = NO_DELTA, ...others] = deltas;
  if (others.length === 0) return first;
  const entries = new Map<EntryChanges, EntryDelta>();
  const dropped = new Map<HeapTables<unknown>, readonly number[]>();
  for (const delta of deltas) {
    for (const [changes, each] of delta.entries) {
      const before = entries.get(changes);
      entries.set(changes, before === undefined ? each : unite(before, each));
    }
    for (const [tables, namespaces] of delta.dropped)
      dropped.set(tables, [...(dropped.get(tables) ?? []), ...namespaces]);
  }
  return { entries, dropped };
}

function unite(a: EntryDelta, b: EntryDelta): EntryDelta {
  return {
    changed: uniteBits(a.changed.slice(), b.changed),
    count: a.count + b.count,
    removed: [...a.removed, ...b.removed],
  };
}

/** How many rows it takes to write a delta, at most. */
export function rowsOf({ entries, dropped }: StoreDelta): number {
  let rows = 0;
  for (const { count, removed } of entries.values()) rows += count + removed.length;
  for (const namespaces of dropped.values()) rows += namespaces.length;
  return rows;
}

/** How many keys of removed entries it remembers. */
export function removalsOf({ entries }: StoreDelta): number {
  let removals = 0;
  for (const { removed } of entries.values()) removals += removed.length;
  return removals;
}
