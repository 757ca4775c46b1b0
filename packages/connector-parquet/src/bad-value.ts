/** Stands in a column for a value that does not fit the declared type, until its row is reported. */
export class BadValue {
  /** What was expected and what came. */
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

/** A value that isn't what was expected. */
export function badValue(expected: string, got: unknown): BadValue {
  return new BadValue(`expected ${expected}, got ${shown(got)}`);
}

/** A value in a message. */
export function shown(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  const text =
    JSON.stringify(value, (_key, item: unknown) => (typeof item === "bigint" ? `${item}n` : item)) ??
    String(value);
  return text.length > 100 ? `${text.slice(0, 100)}...` : text;
}
