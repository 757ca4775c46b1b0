/** The most characters a preview of a record takes in an error message. */
const MAX_PREVIEW = 300;

/**
 * A short, safe text of any value for error messages and logs: never throws, never longer than about
 * 300 characters, shows bigints, dates, undefined and NaN as they are.
 */
export function preview(value: unknown): string {
  let text: string;
  try {
    text = render(value, 0);
  } catch {
    text = "(a value that can't be shown)";
  }
  return text.length > MAX_PREVIEW ? `${text.slice(0, MAX_PREVIEW)}... (${text.length} characters)` : text;
}

function render(value: unknown, depth: number): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value.length > MAX_PREVIEW ? `${value.slice(0, MAX_PREVIEW)}...` : value);
    case "bigint":
      return `${value}n`;
    case "function":
      return `[function ${value.name || "anonymous"}]`;
    case "object":
      return value === null ? "null" : renderObject(value, depth);
    case "number":
      return Object.is(value, -0) ? "-0" : String(value);
    default:
      return String(value);
  }
}

function renderObject(value: object, depth: number): string {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (ArrayBuffer.isView(value)) return `${value.constructor.name}(${value.byteLength} bytes)`;
  if (depth >= 4) return Array.isArray(value) ? "[...]" : "{...}";
  if (Array.isArray(value)) {
    const shown = value.slice(0, 20).map((item) => render(item, depth + 1));
    return `[${shown.join(", ")}${value.length > 20 ? `, ... ${value.length} in all` : ""}]`;
  }
  if (value instanceof Map) return `Map(${value.size}) ${render([...value].slice(0, 20), depth + 1)}`;
  if (value instanceof Set) return `Set(${value.size}) ${render([...value].slice(0, 20), depth + 1)}`;
  const prototype: unknown = Object.getPrototypeOf(value);
  const name =
    prototype === null || prototype === Object.prototype ? "" : `${value.constructor?.name ?? "object"} `;
  const fields = Object.entries(value)
    .slice(0, 40)
    .map(([key, item]) => `${/^[\w$]+$/u.test(key) ? key : JSON.stringify(key)}: ${render(item, depth + 1)}`);
  return `${name}{ ${fields.join(", ")} }`;
}
