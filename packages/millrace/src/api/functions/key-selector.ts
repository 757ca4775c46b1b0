import { MillraceError } from "../../common/errors/millrace-error.ts";
import { preview } from "../../common/errors/preview.ts";
import type { KeySelector } from "../../common/functions/functions.ts";
import { refuseAsync } from "./emitted.ts";

/** The selector that a function or a field's name stands for. @throws MillraceError INVALID_ARGUMENT, ASYNC_FUNCTION */
export function selectorOf(operation: string, key: unknown): KeySelector<unknown, unknown> {
  if (typeof key === "function") {
    refuseAsync(operation, key);
    return key as KeySelector<unknown, unknown>;
  }
  if (typeof key === "string" && key !== "") {
    return (record) => (record as Readonly<Record<string, unknown>>)[key];
  }
  throw new MillraceError(
    "INVALID_ARGUMENT",
    `${operation} takes a function of the record or the name of a field, got ${preview(key)}`,
    { help: `Write ${operation}((record) => record.field).` },
  );
}
