import type { JobGraph } from "../../../graph/job/job-graph.ts";
import type { StreamGraph, StreamNode } from "../../../graph/stream/stream-graph.ts";
import type { OperatorMetadata } from "../../../runtime/checkpoint/format/checkpoint-metadata.ts";
import type { StoredStates } from "./stored-states.ts";

/** A job that is to start from a savepoint: its graphs as they were built, before anything was taken over from the savepoint. */
export interface RestoringJob {
  readonly streamGraph: StreamGraph;
  readonly jobGraph: JobGraph;
}

/** An operator of the savepoint that has state, and what the job has of the same uid. */
export interface OperatorPair {
  readonly operator: OperatorMetadata;
  readonly node: StreamNode;
  readonly job: RestoringJob;
  /** undefined where nobody has read them. */
  readonly stored: StoredStates | undefined;
  /** Whether all operators of its task had finished: it starts as finished, and reads no keyed state. */
  readonly over: boolean;
}
