/** Of larger values only so much is looked at. */
const MAX_NODES = 48;
const OBJECT = 24;
const FIELD = 8;
const NUMBER = 12;
const STRING = 20;

/** About how many bytes a live value takes on the heap. */
export function estimateSize(value: unknown): number {
  nodes = MAX_NODES;
  return size(value);
}

/** About how many bytes the live value of so many encoded ones takes. */
export function sizeOfEncoded(bytes: number): number {
  return 48 + 3 * bytes;
}

let nodes = 0;

function size(value: unknown): number {
  if (typeof value === "number") return NUMBER;
  if (typeof value === "string") return STRING + value.length;
  if (typeof value !== "object" || value === null) return FIELD;
  if (nodes-- <= 0) return OBJECT;
  if (ArrayBuffer.isView(value)) return 2 * OBJECT + value.byteLength;
  if (Array.isArray(value)) return OBJECT + FIELD * value.length + sample(value, value.length);
  if (value instanceof Map || value instanceof Set)
    return OBJECT + 32 * value.size + sample(value.values(), value.size);
  let sum = OBJECT;
  for (const name in value) sum += FIELD + size((value as Record<string, unknown>)[name]);
  return sum;
}

/** The first few elements stand for all. */
function sample(items: Iterable<unknown>, count: number): number {
  let sum = 0;
  let seen = 0;
  for (const item of items) {
    if (seen === 8) break;
    sum += size(item);
    seen++;
  }
  return seen === 0 ? 0 : (sum / seen) * count;
}
