import type { JobGraph } from "../../graph/job/job-graph.ts";
import type { StreamGraph } from "../../graph/stream/stream-graph.ts";
import type { SlotDeployment } from "../../protocol/control/deployment.ts";

/** The two graphs of one build of a program. */
export interface BuiltProgram {
  readonly streamGraph: StreamGraph;
  readonly jobGraph: JobGraph;
}

/**
 * A program as a slot has it: builds the graphs anew, so that no function object is shared by two subtasks or survives an attempt
 * (correctness rule 24). Only a graph that a script built in place can't be built again; it answers the same one each time.
 */
export interface Program {
  build(deployment: SlotDeployment): BuiltProgram;
}

/** Gets at the program that a deployment names: imports its module, or finds the script's graph. */
export type ProgramLoader = (deployment: SlotDeployment) => Program | Promise<Program>;
