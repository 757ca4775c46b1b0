import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { preview } from "../../../common/errors/preview.ts";

/**
 * An error of choosing a record's channel, with the place: `where` reads "key selector of keyBy after parse". An error of Millrace
 * keeps its code; what a user's function threw becomes USER_FUNCTION_FAILED, with the thrown value as its cause.
 */
export function keyedError(where: string, thrown: unknown, record: unknown): MillraceError {
  const details = { where, record: preview(record) };
  if (MillraceError.is(thrown)) {
    const { code, retryable, help } = thrown;
    return new MillraceError(code, `${where}: ${thrown.message}`, {
      cause: thrown,
      retryable,
      ...(help === undefined ? {} : { help }),
      details: { ...thrown.details, ...details },
    });
  }
  const what = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : preview(thrown);
  return new MillraceError(
    "USER_FUNCTION_FAILED",
    `${where} threw ${what} for the record ${details.record}`,
    {
      cause: thrown,
      details,
    },
  );
}
