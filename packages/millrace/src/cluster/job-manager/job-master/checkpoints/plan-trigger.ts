import type { ExecutionId } from "../../../../common/ids/ids.ts";
import type { SubtaskKey } from "../units/subtask-key.ts";

/** A subtask whose execution lives. */
export interface LivingSubtask {
  readonly key: SubtaskKey;
  readonly execution: ExecutionId;
}

/** Who has a part in a checkpoint. */
export interface TriggerPlan {
  /** Who is told to begin: the others begin when barriers reach them. */
  readonly trigger: readonly LivingSubtask[];
  /** Who is to acknowledge. */
  readonly acknowledge: readonly LivingSubtask[];
}

/**
 * Who begins a checkpoint and who takes part in it. Subtasks whose end is part of a completed checkpoint don't, although they may
 * still be about to end; barriers begin at sources and below the finished.
 *
 * @param producers of each subtask that has any
 */
export function planTrigger(
  living: readonly LivingSubtask[],
  finished: (key: SubtaskKey) => boolean,
  producers: ReadonlyMap<SubtaskKey, readonly SubtaskKey[]>,
): TriggerPlan {
  const acknowledge = living.filter(({ key }) => !finished(key));
  const taking = new Set(acknowledge.map(({ key }) => key));
  return {
    acknowledge,
    trigger: acknowledge.filter(
      ({ key }) => !(producers.get(key) ?? []).some((producer) => taking.has(producer)),
    ),
  };
}
