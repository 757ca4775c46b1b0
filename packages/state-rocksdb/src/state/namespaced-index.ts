import type { KeyIndex } from "millrace/internal/state-backend";

/** What a key in a namespace is found by: different for different ones, whatever characters they are made of. */
export function namespacedIndex(index: KeyIndex, namespace: string): string {
  const text = String(index);
  return `${TAGS[typeof index] ?? "o"}${text.length}:${text}${namespace}`;
}

const TAGS: Readonly<Record<string, string>> = { number: "n", string: "s", boolean: "t", bigint: "i" };
