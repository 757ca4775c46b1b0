import type { CheckpointStatistics } from "../../api/executor.ts";
import type { Timestamp } from "../../common/time/timestamps.ts";

/** How a job's checkpoints are getting on. Savepoints are not among them. */
export interface CheckpointProgress {
  /** The newest that completed; undefined before the first. Times in ms. */
  readonly last:
    | {
        readonly id: number;
        /** Since it completed. */
        readonly age: number;
        readonly duration: number;
        readonly stateBytes: number;
      }
    | undefined;
  /** How many have failed since then. */
  readonly failed: number;
}

/** What the statistics say at a moment. */
export function checkpointProgress({ history }: CheckpointStatistics, now: Timestamp): CheckpointProgress {
  const ended = history.filter(({ kind, status }) => kind === "checkpoint" && status !== "IN_PROGRESS");
  const newest = ended.findIndex(({ status }) => status === "COMPLETED");
  const last = ended[newest];
  const duration = last?.durationMs ?? 0;
  return {
    last:
      last === undefined
        ? undefined
        : {
            id: last.id,
            age: Math.max(0, now - last.triggeredAt - duration),
            duration,
            stateBytes: last.stateBytes,
          },
    failed: last === undefined ? ended.length : newest,
  };
}
