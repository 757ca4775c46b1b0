import type { KeyKind } from "../keyed-part.ts";

/** The kinds of keys, by their bit in the index. Never renumber. */
const KEY_KINDS: readonly KeyKind[] = [
  "null",
  "boolean",
  "number",
  "bigint",
  "string",
  "date",
  "array",
  "object",
];

/** Blocks were taken over without saying which keys they hold. */
export const UNKNOWN_KEY_KINDS = 256;

/** The bit of a key's kind. */
export function keyKindBit(key: unknown): number {
  switch (typeof key) {
    case "boolean":
      return 2;
    case "number":
      return 4;
    case "bigint":
      return 8;
    case "string":
      return 16;
    default:
      if (key === null) return 1;
      if (key instanceof Date) return 32;
      return Array.isArray(key) ? 64 : 128;
  }
}

/** The bits of these kinds. */
export function keyKindBits(kinds: readonly KeyKind[] | undefined): number {
  if (kinds === undefined) return UNKNOWN_KEY_KINDS;
  return kinds.reduce((bits, kind) => bits | (1 << KEY_KINDS.indexOf(kind)), 0);
}

/** The kinds that these bits stand for; undefined where not all are known. */
export function keyKindsOf(bits: number): readonly KeyKind[] | undefined {
  return bits >= UNKNOWN_KEY_KINDS ? undefined : KEY_KINDS.filter((_, i) => (bits & (1 << i)) !== 0);
}
