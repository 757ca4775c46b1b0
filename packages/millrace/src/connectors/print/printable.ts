/**
 * A record as one line for people: text as it is, everything else as JSON, in which bigints are digits, Maps and Sets are shown,
 * and numbers that JSON lacks (NaN) by their names.
 */
export function printable(value: unknown): string {
  if (typeof value === "string") return value;
  // Undefined, functions and symbols have no JSON at the top.
  return JSON.stringify(value, shown) ?? String(value);
}

function shown(_key: string, value: unknown): unknown {
  switch (typeof value) {
    case "bigint":
      return String(value);
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "object":
      if (value instanceof Map) {
        const entries = [...value];
        return entries.every(([key]) => typeof key === "string") ? Object.fromEntries(entries) : entries;
      }
      return value instanceof Set ? [...value] : value;
    default:
      return value;
  }
}
