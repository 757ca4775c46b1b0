/** The most characters of a malformed record that are kept. */
const MAX_RAW = 2000;

/** Thrown by the parsers of lines and fields; the message says what was expected and what came. Never leaves a format. */
export class MalformedText extends Error {
  override readonly name = "MalformedText";
}

/** What stands in a MalformedRecord for the input as it came. */
export function shortened(raw: string): string {
  return raw.length > MAX_RAW ? `${raw.slice(0, MAX_RAW)}... (${raw.length} characters)` : raw;
}

/** The reason that an error of a parser gives. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
