import type { RestoreCheck, RestoreNotice } from "../../cluster/job-manager/restore/restore-check.ts";
import { describeMismatch, subjectOf } from "../../cluster/job-manager/restore/restore-mismatch.ts";
import type { CheckpointMetadata } from "../../runtime/checkpoint/format/checkpoint-metadata.ts";
import { showPath } from "../errors/user-frames.ts";
import { countOf } from "../format/numbers.ts";
import { wrap } from "../format/wrap.ts";
import type { Style } from "../terminal/style.ts";

/** A comparison, and of what. */
export interface ToldCheck {
  readonly jobName: string;
  /** The savepoint's folder, absolute. */
  readonly path: string;
  readonly cwd: string;
  readonly metadata: CheckpointMetadata;
  readonly check: RestoreCheck;
  /** That a newer checkpoint is there, in words. */
  readonly newer: string | undefined;
}

/** Columns that the text is written for. */
const WIDTH = 100;

/**
 * A comparison for people.
 *
 * @example
 * ```text
 * "delays" can't start from savepoints/savepoint-1a2b3c: 1 mismatch
 *
 *   1. operator "count" (uid "count"), state "n": the savepoint has values of type int; the job declares string: int can't become string
 *      Allowed are optional fields added, ...
 *
 *   checked when the operators start:
 *     operator "sessions" (uid "sessions"): ...
 * ```
 */
export function checkText({ jobName, path, cwd, metadata, check, newer }: ToldCheck, style: Style): string {
  const { mismatches, notices, unchecked } = check;
  const where = showPath(path, cwd);
  const title =
    mismatches.length === 0
      ? `"${jobName}" ${style.green("can start")} from ${where}`
      : `"${jobName}" ${style.red("can't start")} from ${where}: ${countOf(mismatches.length, "mismatch", "mismatches")}`;
  const other = metadata.jobName === jobName ? [] : [style.dim(`it was taken of "${metadata.jobName}"`)];
  return [
    title,
    ...other,
    ...(newer === undefined ? [] : ["", ...paragraph("", newer).map((line) => style.yellow(line))]),
    ...mismatches.flatMap((mismatch, index) => {
      const mark = `${index + 1}. `;
      return [
        "",
        ...paragraph(mark, describeMismatch(mismatch)),
        ...paragraph(" ".repeat(mark.length), mismatch.remedy).map((line) => style.dim(line)),
      ];
    }),
    ...section("to be known:", notices, style),
    ...section("checked when the operators start:", unchecked, style),
  ].join("\n");
}

function section(title: string, notices: readonly RestoreNotice[], style: Style): string[] {
  if (notices.length === 0) return [];
  const lines = notices.flatMap((notice) => paragraph("- ", `${subjectOf(notice)}: ${notice.text}`));
  return ["", `  ${style.bold(title)}`, ...lines];
}

/** Lines below each other behind a mark. */
function paragraph(mark: string, text: string): string[] {
  return wrap(text, WIDTH - 2 - mark.length).map(
    (line, index) => `  ${index === 0 ? mark : " ".repeat(mark.length)}${line}`,
  );
}
