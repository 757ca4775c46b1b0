import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { ParallelismBounds, ResourceRequirements } from "../../../../protocol/cluster/job-submission.ts";
import type { ScalableVertex } from "./scalable-vertices.ts";
import type { SchedulerSettings } from "./scheduler-settings.ts";

/**
 * Between what parallelisms each vertex may run: what was required of it; else what the program says, which an adaptive job may fall below,
 * and a reactive one go beyond where the program leaves it open. Pure.
 */
export function parallelismBounds(
  vertices: readonly ScalableVertex[],
  { adaptive, reactive }: Pick<SchedulerSettings, "adaptive" | "reactive">,
  requirements: ResourceRequirements | undefined,
): ReadonlyMap<string, ParallelismBounds> {
  return new Map(
    vertices.map(({ id, parallelism, limit, set }) => {
      const required = requirements?.[id];
      if (required !== undefined) return [id, required];
      const upper = reactive && !set ? limit : parallelism;
      return [id, { lower: adaptive ? 1 : upper, upper }];
    }),
  );
}

/**
 * Sees that a job can meet requirements.
 *
 * @throws INVALID_ARGUMENT naming the vertex
 */
export function checkRequirements(
  vertices: readonly ScalableVertex[],
  requirements: ResourceRequirements,
): void {
  const unknown = Object.keys(requirements).find((id) => vertices.every((vertex) => vertex.id !== id));
  if (unknown !== undefined)
    throw refused(`the job has no vertex ${unknown}; it has ${vertices.map(({ id }) => id).join(", ")}`);
  for (const { id, name, limit, tie } of vertices) {
    const bounds = requirements[id];
    if (bounds === undefined) continue;
    const { lower, upper } = bounds;
    const fits = [lower, upper].every(Number.isInteger) && 1 <= lower && lower <= upper && upper <= limit;
    if (!fits) {
      throw refused(
        `vertex "${name}" (${id}) can't run at parallelism ${lower} to ${upper}: expected whole numbers with 1 <= lower <= upper <= ${limit}`,
        limit === 1
          ? "Its source, sink or window can only run as one subtask."
          : "The upper bound is the max parallelism, which can't change while the job has state.",
      );
    }
    for (const other of vertices) {
      const theirs = requirements[other.id];
      if (other.tie === tie && theirs !== undefined && (theirs.lower > upper || theirs.upper < lower)) {
        throw refused(
          `vertices "${name}" (${id}) and "${other.name}" (${other.id}) are tied together by forward(), and must have the same parallelism: got ${lower} to ${upper} and ${theirs.lower} to ${theirs.upper}`,
        );
      }
    }
  }
}

const refused = (message: string, help?: string): MillraceError =>
  new MillraceError("INVALID_ARGUMENT", message, help === undefined ? {} : { help });
