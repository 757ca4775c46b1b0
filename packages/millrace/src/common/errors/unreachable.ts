import { MillraceError } from "./millrace-error.ts";

/** The end of a total switch: fails to compile where a new kind was forgotten, and throws where one came from outside. */
export function unreachable(value: never, what: string): never {
  throw new MillraceError("INTERNAL", `unknown ${what}: ${JSON.stringify(value)}`);
}
