import { MillraceError } from "../../common/errors/millrace-error.ts";
import { errorChain } from "./error-chain.ts";
import { codeOf } from "./error-text.ts";

/** An error for `--json`: an object in one line. @example `{"type":"error","code":"SOURCE_FAILED","message":"...","help":null, ... }` */
export function errorJson(error: unknown): string {
  const chain = errorChain(error);
  const outer = chain[0] as Error;
  return JSON.stringify({
    type: "error",
    code: codeOf(outer),
    message: outer.message,
    help: MillraceError.is(outer) ? (outer.help ?? null) : null,
    details: MillraceError.is(outer) ? outer.details : {},
    stack: (chain.at(-1) as Error).stack ?? null,
    causes: chain.slice(1).map((cause) => ({ name: cause.name, message: cause.message })),
  });
}
