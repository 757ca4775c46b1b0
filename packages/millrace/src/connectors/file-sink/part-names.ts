import { createHash } from "node:crypto";
import { basename } from "node:path";
import type { RuntimeContext } from "../../common/functions/runtime-context.ts";

/** Digits of the mark that tells a job's sink from others that write into the same directory. */
const MARK_DIGITS = 12;

/** The names of one part, without directory. */
export interface PartName {
  /** Hidden, while nobody may read it. */
  readonly temporary: string;
  readonly final: string;
}

/** Whose parts a name tells of. */
export type PartOwner = Pick<RuntimeContext, "jobId" | "operatorUid" | "subtaskIndex" | "attempt">;

/**
 * The name of a part: `part-<subtask>-<attempt>-<mark>-<n>`, where the mark stands for job and sink. No other attempt, subtask, sink or job
 * takes it, so that nobody writes, commits or removes what is another's.
 */
export function partName(owner: PartOwner, prefix: string, extension: string, n: number): PartName {
  const name = `${prefix}-${owner.subtaskIndex}-${owner.attempt}-${markOf(owner)}-${n}`;
  return { temporary: `.${name}.inprogress`, final: `${name}${extension}` };
}

/** Stands for a sink of a job. */
export function markOf({ jobId, operatorUid }: Pick<PartOwner, "jobId" | "operatorUid">): string {
  return createHash("sha256").update(`${jobId}/${operatorUid}`).digest("hex").slice(0, MARK_DIGITS);
}

/** Who made a temporary part of the sink with this mark; undefined for what is none. */
export function makerOf(
  path: string,
  prefix: string,
  mark: string,
): Pick<PartOwner, "subtaskIndex" | "attempt"> | undefined {
  const name = basename(path);
  const [start, end] = [`.${prefix}-`, ".inprogress"];
  if (!name.startsWith(start) || !name.endsWith(end)) return undefined;
  const found = /^(\d+)-(\d+)-([0-9a-f]+)-\d+$/u.exec(name.slice(start.length, -end.length));
  if (found === null || found[3] !== mark) return undefined;
  return { subtaskIndex: Number(found[1]), attempt: Number(found[2]) };
}
