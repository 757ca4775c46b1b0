import type { OperatorStateSnapshot, OperatorStateSnapshotEntry } from "./operator-capture.ts";

/**
 * Gives each of `parallelism` new subtasks its share of what the old ones had (correctness rule 16): lists stay where they
 * were as long as there are as many subtasks, and are split evenly in contiguous runs otherwise; union lists go whole to everybody, broadcast state goes to everybody from the first that has it.
 */
export function redistributeOperatorState(
  snapshots: readonly OperatorStateSnapshot[],
  parallelism: number,
): readonly OperatorStateSnapshot[] {
  const joined = new Map<string, OperatorStateSnapshotEntry>();
  for (const entry of snapshots.flat()) {
    const before = joined.get(entry.name);
    if (before === undefined) joined.set(entry.name, entry);
    else if (entry.mode !== "broadcast")
      joined.set(entry.name, { ...before, elements: [...before.elements, ...entry.elements] });
  }
  if (snapshots.length === parallelism) return unchanged(snapshots, joined);
  return Array.from({ length: parallelism }, (_, subtask) =>
    [...joined.values()].map((entry) =>
      entry.mode === "split" ? share(entry, subtask, parallelism) : entry,
    ),
  );
}

/** Each subtask's own; of the others nothing but what everybody has. */
function unchanged(
  snapshots: readonly OperatorStateSnapshot[],
  joined: ReadonlyMap<string, OperatorStateSnapshotEntry>,
): readonly OperatorStateSnapshot[] {
  return snapshots.map((own) => {
    const split = new Map(own.map((entry) => [entry.name, entry]));
    return [...joined.values()].map((entry) =>
      entry.mode === "split" ? (split.get(entry.name) ?? { ...entry, elements: [] }) : entry,
    );
  });
}

function share(
  entry: OperatorStateSnapshotEntry,
  subtask: number,
  parallelism: number,
): OperatorStateSnapshotEntry {
  const { length } = entry.elements;
  const start = Math.floor((subtask * length) / parallelism);
  const end = Math.floor(((subtask + 1) * length) / parallelism);
  return { ...entry, elements: entry.elements.slice(start, end) };
}
