import { MillraceError } from "../errors/millrace-error.ts";
import { preview } from "../errors/preview.ts";
import { describeType } from "../types/describe-type.ts";
import type { TypeInfo } from "../types/type-info.ts";
import { describeIssue, validateValue } from "../types/validate-value.ts";

/** The error for a value that its declared type does not accept: every place that does not fit, by path. */
export function recordMismatch(
  type: Pick<TypeInfo<unknown>, "description" | "customs">,
  value: unknown,
): MillraceError {
  const issues = validateValue(type, value);
  const what = issues.length === 0 ? "its codec refused it" : issues.map(describeIssue).join("; ");
  const undeclared = type.description.kind === "any";
  return new MillraceError(
    "RECORD_TYPE_MISMATCH",
    undeclared
      ? `a record can't be carried: ${what}`
      : `a record does not fit its declared type ${describeType(type.description)}: ${what}`,
    {
      help: undeclared
        ? "Records are plain data: no functions, symbols or instances of classes. Declare a type with Types.custom for a class of your own."
        : "Correct the record, or the type that is declared for it.",
      details: { path: issues[0]?.path ?? "", record: preview(value) },
    },
  );
}
