import type { SlotDeployment } from "../../protocol/control/deployment.ts";
import type { JobProgram } from "../../graph/stream/job-program.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { settleGraph } from "../artifact/build-job.ts";
import { loadJob } from "../artifact/load-job.ts";
import type { Program } from "./program.ts";

/** The program of a deployed job module: imported in this thread. */
export async function moduleProgram({ program }: SlotDeployment): Promise<Program> {
  if (program.kind !== "module")
    throw new MillraceError("INTERNAL", "a thread can run modules only, not graphs of another thread");
  return rebuilding(await loadJob(program));
}

/** Builds a job anew each time, from what was settled at submission. */
export function rebuilding(job: JobProgram): Program {
  return {
    build({ args, config, captured }) {
      const streamGraph = job.buildStreamGraph({ args, config, captured });
      // The parallelism stands in the settings since the job was submitted.
      return settleGraph(streamGraph, 1);
    },
  };
}
