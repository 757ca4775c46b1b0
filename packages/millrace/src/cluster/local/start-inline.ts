import type { Clock } from "../../common/clock/clock.ts";
import type { StateBackend } from "../../runtime/state/state-backend.ts";
import type { BuiltJob } from "../artifact/build-job.ts";
import type { JobRestore } from "../job-manager/job-master/job-master-options.ts";
import type { StandardStreams } from "../job-manager/job-master/standard-streams.ts";
import { loadStateBackend } from "../task-manager/load-state-backend.ts";
import type { Program } from "../task-manager/program.ts";
import { InlineSlots } from "./inline-slots.ts";
import type { LocalJob } from "./local-job.ts";
import { localJob } from "./local-job.ts";
import { startJob } from "./start-job.ts";

/** How a job runs in the caller's thread. */
export interface InlineOptions {
  readonly clock: Clock;
  readonly streams: StandardStreams;
  readonly createBackend?: () => StateBackend;
  readonly restore?: JobRestore | undefined;
  log(level: "info" | "warn" | "error", message: string): void;
}

/** A job in the caller's thread. */
export interface InlineJob extends LocalJob {
  /** Whether none of its tasks has anything to do at the moment. */
  readonly quiet: boolean;
}

/** Runs a job in the caller's thread, all subtasks in turn. Its functions may be closures over the caller's variables. */
export async function startInline(
  built: BuiltJob,
  program: Program,
  options: InlineOptions,
): Promise<InlineJob> {
  const { clock, createBackend } = options;
  const slots = new InlineSlots({
    clock,
    loadProgram: () => program,
    loadBackend: createBackend === undefined ? loadStateBackend : () => createBackend,
  });
  const master = await startJob({
    ...built,
    program: { kind: "inline", key: built.jobGraph.jobName },
    clock,
    streams: options.streams,
    packed: true,
    slots,
    restore: options.restore,
    log: (level, message) => options.log(level, message),
  });
  const job = localJob(master, built, async () => {});
  return Object.defineProperty(job, "quiet", {
    get: () => slots.quiet && !master.busy,
    enumerable: true,
  }) as InlineJob;
}
