import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { RestoreCheck } from "./restore-check.ts";
import { describeMismatch } from "./restore-mismatch.ts";

/**
 * The error of a job that can't start from a savepoint: every reason in its message, and as data in `details.mismatches`.
 *
 * @param where the savepoint's folder; undefined for one in memory
 * @param help what else can be done; default: compare them by the command line
 */
export function restoreRefused(
  jobName: string,
  where: string | undefined,
  { mismatches }: Pick<RestoreCheck, "mismatches">,
  help = "`millrace savepoint check <path> <job.ts>` compares a job with a savepoint without running it.",
): MillraceError {
  const several = mismatches.length > 1;
  const reasons = mismatches.map((mismatch, index) => {
    const mark = several ? `${index + 1}. ` : "";
    const indent = " ".repeat(2 + mark.length);
    return `  ${mark}${describeMismatch(mismatch)}\n${indent}${mismatch.remedy}`;
  });
  const from = where === undefined ? "its savepoint" : where;
  return new MillraceError(
    "RESTORE_REFUSED",
    `job "${jobName}" can't start from ${from}${several ? `, for ${mismatches.length} reasons` : ""}:\n${reasons.join("\n")}`,
    {
      help,
      details: { path: where ?? null, mismatches: mismatches.map((mismatch) => ({ ...mismatch })) },
    },
  );
}
