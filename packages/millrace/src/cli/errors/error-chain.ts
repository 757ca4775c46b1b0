import { preview } from "../../common/errors/preview.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";

/** The most errors that are followed: a chain may be a ring. */
const MAX_DEPTH = 8;

/** An error and its causes, outermost first. What isn't an Error stands in one. */
export function errorChain(error: unknown): readonly Error[] {
  const chain: Error[] = [];
  let link = error;
  do {
    const found = link instanceof Error ? link : thrownValue(link);
    chain.push(found);
    // A list of failures has been told by the error that it caused.
    link = isList(found.cause) ? undefined : found.cause;
  } while (link !== undefined && chain.length < MAX_DEPTH);
  return chain;
}

function thrownValue(value: unknown): Error {
  const error = new MillraceError("INTERNAL", `a value that is no Error was thrown: ${preview(value)}`);
  delete (error as { stack?: string }).stack;
  return error;
}

function isList(error: unknown): boolean {
  return error instanceof Error && Array.isArray((error as { readonly errors?: unknown }).errors);
}
