import type { JobGraph } from "../../../graph/job/job-graph.ts";
import type { StreamGraph } from "../../../graph/stream/stream-graph.ts";

/** A job's graphs as they run, with what was taken over from the checkpoint that it starts from. */
export interface RunningGraphs {
  readonly streamGraph: StreamGraph;
  readonly jobGraph: JobGraph;
}
