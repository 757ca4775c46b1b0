import { formatDuration } from "../format/durations.ts";
import type { CheckpointProgress } from "../progress/checkpoint-progress.ts";

/** @example "checkpoint 4, 2.1 s ago", "no checkpoint yet", "checkpoint 4, 40.2 s ago, 3 failed since" */
export function checkpointText({ last, failed }: CheckpointProgress): string {
  const known =
    last === undefined ? "no checkpoint yet" : `checkpoint ${last.id}, ${formatDuration(last.age)} ago`;
  return failed === 0 ? known : `${known}, ${failed} failed${last === undefined ? "" : " since"}`;
}
