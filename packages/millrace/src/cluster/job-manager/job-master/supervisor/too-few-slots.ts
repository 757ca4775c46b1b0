import { formatDuration } from "../../../../common/config/parse-value.ts";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { Parallelisms } from "./decide-parallelism.ts";
import type { ScalableVertex } from "./scalable-vertices.ts";

/** Why not every vertex has what it may have at most; undefined: each has. Pure. */
export function unmetText(
  vertices: readonly Pick<ScalableVertex, "id" | "name">[],
  parallelism: Parallelisms,
  upper: Parallelisms,
  slots: { readonly needed: number; readonly available: number },
): string | undefined {
  const short = vertices.filter(({ id }) => (parallelism[id] ?? 0) < (upper[id] ?? 0));
  const [first] = short;
  if (first === undefined) return undefined;
  const others = short.length === 1 ? "" : ` (and ${short.length - 1} more)`;
  const needed = slots.needed === 1 ? "1 slot is" : `${slots.needed} slots are`;
  return `vertex "${first.name}"${others} runs at parallelism ${parallelism[first.id] ?? 0}, not at ${upper[first.id] ?? 0}: ${needed} needed, and the job can have ${slots.available}; it is rescaled when there are more`;
}

/** An adaptive job has waited in vain. @param waited ms */
export const tooFewSlots = (least: number, available: number, waited: number): MillraceError =>
  new MillraceError(
    "NO_SLOTS",
    `the job needs ${least} slot${least === 1 ? "" : "s"} at least, and could have ${available} (waited ${formatDuration(Math.round(waited))})`,
    {
      retryable: true,
      help: "Start more TaskManagers, lower the job's parallelism, or raise jobmanager.adaptive-scheduler.resource-wait-timeout.",
    },
  );
