import { MillraceError } from "../errors/millrace-error.ts";

let allowed: boolean | undefined;

/** Whether this process may generate code: not under `--disallow-code-generation-from-strings`. */
export function canGenerateCode(): boolean {
  if (allowed === undefined) {
    try {
      // oxlint-disable-next-line typescript/no-implied-eval -- this is the question
      allowed = new Function("return true")() === true;
    } catch {
      allowed = false;
    }
  }
  return allowed;
}

/**
 * Compiles a function body. V8 shares what it learns about a text among all functions compiled from it, in one process
 * for all jobs; so each text carries a name of its own, which stack traces and profiles show, too.
 *
 * @param unique tells this text from all others of the process: job, edge
 */
export function compile(
  names: readonly string[],
  values: readonly unknown[],
  body: string,
  unique: string,
): unknown {
  const name = encodeURI(unique).replaceAll(/[^\w\-./:#%~]/gu, "_");
  const source = `"use strict";\n// ${name}\n${body}\n//# sourceURL=millrace://codec/${name}`;
  try {
    // oxlint-disable-next-line typescript/no-implied-eval -- the fast path of the engine; names from outside enter the text as JSON only
    const factory = new Function(...names, source);
    return (factory as (...args: readonly unknown[]) => unknown)(...values);
  } catch (error) {
    throw new MillraceError("INTERNAL", `the codec generated for ${name} does not compile`, { cause: error });
  }
}
