import { keyGroupRange } from "../../../common/keys/key-groups.ts";
import type { JobEdge, JobVertex } from "../../../graph/job/job-graph.ts";
import type { ChannelSnapshot } from "../../../protocol/control/snapshots.ts";
import type { CheckpointMetadata } from "../../../runtime/checkpoint/format/checkpoint-metadata.ts";
import { streamNode } from "../../../runtime/task/chain-layout.ts";
import type { RunningGraphs } from "./running-graphs.ts";

/**
 * The records in flight that may be for one subtask (correctness rule 23): at the same parallelism those that were on their way to it; else,
 * on edges where the record decides, all that may hold one of it, from which it takes its own; on others each channel goes to one
 * subtask. "received" of a channel comes before "unsent" of the same.
 */
export function restoreChannels(
  metadata: CheckpointMetadata,
  { streamGraph, jobGraph }: RunningGraphs,
  vertex: JobVertex,
  subtask: number,
): readonly ChannelSnapshot[] {
  if (metadata.channels.length === 0) return [];
  return jobGraph.edges
    .filter(({ target }) => target === vertex.id)
    .flatMap((edge) => {
      const [sourceUid, targetUid] = [edge.sourceNode, edge.targetNode].map(
        (node) => streamNode(streamGraph, node).uid,
      );
      const parts = metadata.channels.filter(
        (part) =>
          part.sourceUid === sourceUid &&
          part.targetUid === targetUid &&
          part.sideOutput === edge.sideOutput &&
          part.targetInput === edge.targetInput,
      );
      const before = metadata.operators.find(({ uid }) => uid === targetUid)?.parallelism;
      return inOrder(parts.filter((part) => concerns(part, edge, vertex, subtask, before)));
    });
}

function concerns(
  { consumerSubtask }: ChannelSnapshot,
  edge: JobEdge,
  { parallelism, maxParallelism }: JobVertex,
  subtask: number,
  before: number | undefined,
): boolean {
  if (before === undefined || before === parallelism) return consumerSubtask === subtask;
  switch (edge.partitioner) {
    case "hash": {
      const [was, is] = [
        keyGroupRange(maxParallelism, before, consumerSubtask),
        keyGroupRange(maxParallelism, parallelism, subtask),
      ];
      return was.start < is.end && is.start < was.end;
    }
    case "custom":
      return true;
    case "global":
      return subtask === 0;
    default:
      return consumerSubtask % parallelism === subtask;
  }
}

const inOrder = (parts: readonly ChannelSnapshot[]): readonly ChannelSnapshot[] =>
  [...parts].sort(
    (a, b) =>
      a.consumerSubtask - b.consumerSubtask ||
      a.producerSubtask - b.producerSubtask ||
      (a.side === b.side ? 0 : a.side === "received" ? -1 : 1),
  );
