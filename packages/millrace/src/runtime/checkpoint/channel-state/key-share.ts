import type { KeySelector } from "../../../common/functions/functions.ts";
import { hashKey } from "../../../common/keys/hash-key.ts";
import type { KeyGroupRange } from "../../../common/keys/key-groups.ts";
import { keyGroupOf } from "../../../common/keys/key-groups.ts";

/** Tells the records of a keyed edge that are one subtask's: those whose key falls into its key groups. */
export function keyShare(
  keySelector: KeySelector<unknown, unknown>,
  maxParallelism: number,
  { start, end }: KeyGroupRange,
): (value: unknown) => boolean {
  return (value) => {
    const keyGroup = keyGroupOf(hashKey(keySelector(value)), maxParallelism);
    return keyGroup >= start && keyGroup < end;
  };
}
