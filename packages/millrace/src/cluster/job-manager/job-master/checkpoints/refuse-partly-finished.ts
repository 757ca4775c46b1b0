import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { JobGraph } from "../../../../graph/job/job-graph.ts";
import type { TaskSnapshot } from "../../../../protocol/control/snapshots.ts";
import { subtaskKey } from "../units/subtask-key.ts";
import type { SubtaskKey } from "../units/subtask-key.ts";

/**
 * Refuses checkpoints in which some subtasks of an operator with union list state have finished and others have not (correctness rule 21):
 * every subtask gets all elements when it is restored, those of the finished ones among them, and nobody is left to update these.
 *
 * @param snapshots of all subtasks; those that ended without one are missing
 * @throws CHECKPOINT_FAILED
 */
export function refusePartlyFinished(
  { vertices }: JobGraph,
  snapshots: ReadonlyMap<SubtaskKey, TaskSnapshot>,
): void {
  for (const { id, name, parallelism } of vertices) {
    const of = Array.from({ length: parallelism }, (_, subtask) => snapshots.get(subtaskKey(id, subtask)));
    const finished = of.filter((snapshot) => snapshot === undefined || snapshot.finished).length;
    const union = of.some((snapshot) => snapshot?.operators.some(({ unionState }) => unionState === true));
    if (!union || finished === 0 || finished === parallelism) continue;
    throw new MillraceError(
      "CHECKPOINT_FAILED",
      `${finished} of ${parallelism} subtasks of "${name}", which has union list state, have finished: that state can't be checkpointed before all have`,
      {
        help: "Use list state that is split over the subtasks, or raise execution.checkpointing.tolerable-failed-checkpoints.",
      },
    );
  }
}
