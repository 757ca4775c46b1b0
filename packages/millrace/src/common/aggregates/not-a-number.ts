import { MillraceError } from "../errors/millrace-error.ts";
import { preview } from "../errors/preview.ts";

/** The error for a selector that answered something else where a number is due. */
export const notANumber = (aggregate: string, value: unknown): MillraceError =>
  new MillraceError(
    "RECORD_TYPE_MISMATCH",
    `aggregate ${aggregate} takes numbers (null and undefined are left out), but its selector answered ${preview(value)}`,
  );
