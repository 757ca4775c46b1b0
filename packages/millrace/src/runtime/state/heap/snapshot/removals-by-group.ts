import { hashKey } from "../../../../common/keys/hash-key.ts";
import { keyGroupOf } from "../../../../common/keys/key-groups.ts";
import type { Slices } from "./slices.ts";
import type { RemovedKeys } from "./snapshot-sources.ts";

/** A removed entry. */
export interface Removal {
  readonly state: number;
  readonly namespace: number | undefined;
  readonly key: unknown;
}

/** Removed entries by key group. Yields when it is time to rest. */
export function* removalsByGroup(
  removed: readonly RemovedKeys[],
  maxParallelism: number,
  slices: Slices,
): Generator<void, ReadonlyMap<number, readonly Removal[]>> {
  const groups = new Map<number, Removal[]>();
  for (const { state, namespace, keys } of removed) {
    for (const key of keys) {
      const group = keyGroupOf(hashKey(key), maxParallelism);
      const removal = { state, namespace, key };
      const before = groups.get(group);
      if (before === undefined) groups.set(group, [removal]);
      else before.push(removal);
      if (slices.spend(1)) yield;
    }
  }
  return groups;
}
