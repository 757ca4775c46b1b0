import type { ResourceRequirements } from "../../../../protocol/cluster/job-submission.ts";
import type { BuiltJob } from "../../../artifact/build-job.ts";
import type { JobMaster } from "../job-master.ts";
import type { Parallelisms } from "./decide-parallelism.ts";

/** A JobMaster, and what it runs at. */
export interface Generation {
  readonly master: JobMaster;
  readonly built: BuiltJob;
  readonly parallelism: Parallelisms;
  readonly requirements: ResourceRequirements | undefined;
  /** Monotonic, ms. */
  readonly startedAt: number;
}
