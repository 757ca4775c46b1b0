import type { StreamNode } from "../../../graph/stream/stream-graph.ts";
import type { ChannelSnapshot } from "../../../protocol/control/snapshots.ts";
import type { CheckpointMetadata } from "../../../runtime/checkpoint/format/checkpoint-metadata.ts";
import type { RestoringJob } from "./restoring-job.ts";
import type { RestoreFindings } from "./restore-check.ts";

/**
 * Records that an unaligned checkpoint overtook go on where they were: the edges that they were on must be there, between two tasks
 * (correctness rule 23). How many subtasks each of them has is free.
 */
export function checkChannels(
  metadata: CheckpointMetadata,
  job: RestoringJob,
  findings: RestoreFindings,
): void {
  const edges = new Map<string, { readonly channel: ChannelSnapshot; records: number }>();
  for (const channel of metadata.channels) {
    const key = JSON.stringify([
      channel.sourceUid,
      channel.sideOutput ?? null,
      channel.targetUid,
      channel.targetInput,
    ]);
    const known = edges.get(key);
    if (known === undefined) edges.set(key, { channel, records: channel.records });
    else known.records += channel.records;
  }
  const nameOf = (uid: string): string =>
    metadata.operators.find((operator) => operator.uid === uid)?.name ?? uid;
  for (const { channel, records } of edges.values()) {
    const problem = problemOf(channel, job);
    if (records === 0 || problem === undefined) continue;
    findings.mismatch({
      kind: "in-flight-records",
      operator: nameOf(channel.targetUid),
      uid: channel.targetUid,
      state: undefined,
      path: undefined,
      found: `${records} ${records === 1 ? "record" : "records"} on the way to it from "${nameOf(channel.sourceUid)}", which the checkpoint overtook`,
      expected: problem,
      remedy:
        "An unaligned checkpoint fits the graph that it was taken of. Start the unchanged job from it, take a savepoint, which never overtakes records, and start the changed job from that.",
    });
  }
}

function problemOf(channel: ChannelSnapshot, { streamGraph, jobGraph }: RestoringJob): string | undefined {
  const byUid = (uid: string): StreamNode | undefined => streamGraph.nodes.find((node) => node.uid === uid);
  const [source, target] = [byUid(channel.sourceUid), byUid(channel.targetUid)];
  const edge = target?.inputs[channel.targetInput];
  const same =
    source !== undefined &&
    target !== undefined &&
    edge?.source === source.id &&
    edge.sideOutput === channel.sideOutput;
  if (!same) return "the job has no such edge";
  const chained = jobGraph.vertices.some(
    ({ nodes }) => nodes.includes(source.id) && nodes.includes(target.id) && nodes[0] !== target.id,
  );
  return chained ? "in the job the two run in one task, with nothing in between" : undefined;
}
