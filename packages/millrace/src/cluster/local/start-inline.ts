import type { Clock } from "../../common/clock/clock.ts";
import type { StateBackend } from "../../runtime/state/state-backend.ts";
import type { BuiltJob } from "../artifact/build-job.ts";
import type { StandardStreams } from "../job-manager/job-master/standard-streams.ts";
import { loadStateBackend } from "../task-manager/load-state-backend.ts";
import type { Program } from "../task-manager/program.ts";
import { InlineSlots } from "./inline-slots.ts";
import type { LocalJob } from "./local-job.ts";
import { localJob } from "./local-job.ts";
import { restoreJob } from "./restore-job.ts";
import type { RestoreFrom } from "./restore-job.ts";
import { startJob } from "./start-job.ts";

/** How a job runs in the caller's thread. */
export interface InlineOptions {
  readonly clock: Clock;
  readonly streams: StandardStreams;
  readonly createBackend?: () => StateBackend;
  /** What the job starts from; undefined: what its settings say, or nothing. */
  readonly restoreFrom?: RestoreFrom | undefined;
  log(level: "info" | "warn" | "error", message: string): void;
}

/** A job in the caller's thread. */
export interface InlineJob extends LocalJob {
  /** Whether none of its tasks has anything to do at the moment. */
  readonly quiet: boolean;
}

/**
 * Runs a job in the caller's thread, all subtasks in turn. Its functions may be closures over the caller's variables.
 *
 * @param program builds it anew for each subtask and attempt; undefined where a script built it in place
 * @throws as `restoreJob`; CHECKPOINT_STORAGE_FAILED
 */
export async function startInline(
  job: BuiltJob,
  program: Program | undefined,
  options: InlineOptions,
): Promise<InlineJob> {
  const { clock, createBackend, restoreFrom } = options;
  const log: InlineOptions["log"] = (level, message) => options.log(level, message);
  const { built, restore } = await restoreJob(job, restoreFrom, log);
  const slots = new InlineSlots({
    clock,
    loadProgram: () => program ?? { build: () => built },
    loadBackend: createBackend === undefined ? loadStateBackend : () => createBackend,
  });
  const master = await startJob({
    ...built,
    program: { kind: "inline", key: built.jobGraph.jobName },
    clock,
    streams: options.streams,
    packed: true,
    slots,
    restore,
    log,
  });
  return Object.defineProperty(
    localJob(master, built, async () => {}),
    "quiet",
    {
      get: () => slots.quiet && !master.busy,
      enumerable: true,
    },
  ) as InlineJob;
}
