import type { OperatorStateSnapshot, OperatorStateSnapshotEntry } from "./operator-capture.ts";

/**
 * Gives each of `parallelism` new subtasks its share of what the old ones had (correctness rule 16): lists are split evenly
 * in contiguous runs, union lists go whole to everybody, broadcast state goes to everybody from the first that has it.
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
  return Array.from({ length: parallelism }, (_, subtask) =>
    [...joined.values()].map((entry) =>
      entry.mode === "split" ? share(entry, subtask, parallelism) : entry,
    ),
  );
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
