import { MillraceError } from "../../common/errors/millrace-error.ts";
import { preview } from "../../common/errors/preview.ts";

/**
 * What a source's failure becomes: SOURCE_FAILED naming the source and where it read. Errors of Millrace stay as they are.
 *
 * @param where "split 3", a path ...
 */
export function sourceFailed(source: string, where: string, error: unknown): MillraceError {
  if (MillraceError.is(error)) return error;
  const reason = error instanceof Error ? error.message : preview(error);
  return new MillraceError("SOURCE_FAILED", `${source}: reading ${where} failed: ${reason}`, {
    cause: error,
    details: { source, where },
  });
}
