import type { PartitionerKind } from "../../../graph/stream/stream-graph.ts";

/*
 * Whether records on their way over an edge could be divided anew among another number of subtasks, which is what letting a barrier
 * overtake them takes. A table over all kinds, so that a new one must decide.
 */
const OVERTAKES: Readonly<Record<PartitionerKind, boolean>> = {
  hash: true,
  rebalance: true,
  shuffle: true,
  // To one subtask, whichever number there is.
  global: true,
  // Pointwise: at another parallelism there is no such pair of subtasks.
  forward: false,
  rescale: false,
  // Every consumer has its own copy; with more of them some would have none, with fewer some two.
  broadcast: false,
  // Only the user's function knows where a record belongs, and it may answer otherwise when it is asked again.
  custom: false,
};

/** Whether barriers of unaligned checkpoints overtake records on edges of this kind; on others they stay in line (correctness rule 23). */
export function mayOvertake(partitioner: PartitionerKind): boolean {
  return OVERTAKES[partitioner];
}
