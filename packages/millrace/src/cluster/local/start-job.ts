import { randomBytes } from "node:crypto";
import type { Clock } from "../../common/clock/clock.ts";
import { systemRandom } from "../../common/clock/random.ts";
import { jobId } from "../../common/ids/ids.ts";
import type { ProgramDeployment } from "../../protocol/control/deployment.ts";
import { createStore } from "./create-store.ts";
import type { BuiltJob } from "../artifact/build-job.ts";
import { JobMaster } from "../job-manager/job-master/job-master.ts";
import type { JobRestore } from "../job-manager/job-master/job-master-options.ts";
import type { StandardStreams } from "../job-manager/job-master/standard-streams.ts";
import type { SlotProvider } from "../job-manager/job-master/units/slot-provider.ts";

/** A job to run in this process. */
export interface JobStart extends BuiltJob {
  readonly program: ProgramDeployment;
  readonly clock: Clock;
  readonly streams: StandardStreams;
  /** Whether each failover unit runs in one slot: the caller's thread. */
  readonly packed: boolean;
  readonly slots: SlotProvider;
  /** What it starts from; undefined: nothing. */
  readonly restore: JobRestore | undefined;
  log(level: "info" | "warn" | "error", message: string): void;
}

/** Starts a job. Its slots are closed when it has ended, before `done` settles. */
export async function startJob(start: JobStart): Promise<JobMaster> {
  const master = new JobMaster({
    jobId: jobId(randomBytes(16)),
    epoch: 0,
    streamGraph: start.streamGraph,
    jobGraph: start.jobGraph,
    packed: start.packed,
    slots: start.slots,
    program: start.program,
    args: start.args,
    config: start.config,
    clock: start.clock,
    random: systemRandom,
    streams: start.streams,
    restore: start.restore,
    createStore: () => createStore(start.config),
    log: (level, message) => start.log(level, message),
  });
  await master.start();
  return master;
}
