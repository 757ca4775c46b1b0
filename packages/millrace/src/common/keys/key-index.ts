import { canonicalText } from "./canonical-key-bytes.ts";
import { invalidKey } from "./invalid-key.ts";

/** What a Map finds a key by. */
export type KeyIndex = string | number | boolean | bigint | null;

/** The first character of the indexes that are not the key itself. */
const ESCAPE = "\u0000";
const ESCAPED_STRING = "\u0000s";
const CANONICAL = "\u0000c";

/**
 * What a Map is to find `key` by: equal for the same keys, different for others, whatever kinds of keys are mixed in one
 * Map. Primitives stand for themselves (a Map takes -0 for 0, as keys do). Composite keys and Dates become a string of
 * their canonical bytes behind "\0c"; strings that begin with the character 0 get "\0s" before them, so that none of
 * them can meet it.
 *
 * @param where told in the error, such as `operator "count"`
 * @throws INVALID_KEY
 */
export function keyIndex(key: unknown, where = ""): KeyIndex {
  switch (typeof key) {
    case "string":
      return key.charCodeAt(0) === 0 ? ESCAPED_STRING + key : key;
    case "number":
      if (key !== key) throw invalidKey(key, where);
      return key;
    case "boolean":
    case "bigint":
      return key;
    default:
      return key === null ? null : canonicalText(CANONICAL, key, where);
  }
}

/** Whether an index is the key itself; otherwise it was made from a composite key, or a string that needed escaping. */
export function isKeyItself(index: KeyIndex): boolean {
  return typeof index !== "string" || !index.startsWith(ESCAPE);
}
