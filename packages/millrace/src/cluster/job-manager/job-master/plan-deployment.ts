import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { attempt as attemptOf, executionId } from "../../../common/ids/ids.ts";
import type { JobEdge, JobGraph, JobVertex } from "../../../graph/job/job-graph.ts";
import type { ChannelDeployment, ChannelEnd, TaskDeployment } from "../../../protocol/control/deployment.ts";

/** Which tasks run in which slot, and the channels between them. Slots are numbered from 0. */
export interface DeploymentPlan {
  readonly slots: readonly { readonly tasks: readonly TaskDeployment[] }[];
  /** In order of their ids. */
  readonly channels: readonly ChannelDeployment[];
}

/**
 * Lays a job out over slots: subtask i of every vertex of a slot-sharing group goes to the group's slot i. `packed` puts
 * everything into one slot (inline mode, where all slots would be the same thread).
 */
export function planDeployment(graph: JobGraph, attempt: number, packed: boolean): DeploymentPlan {
  const slotOf = assignSlots(graph, packed);
  const count =
    1 + graph.vertices.reduce((max, vertex) => Math.max(max, slotOf(vertex, vertex.parallelism - 1)), 0);
  const tasks: TaskDeployment[][] = Array.from({ length: count }, () => []);
  for (const vertex of graph.vertices) {
    for (let subtask = 0; subtask < vertex.parallelism; subtask++) {
      tasks[slotOf(vertex, subtask)]?.push({
        execution: executionId(vertex.id, subtask, attemptOf(attempt)),
        vertex: vertex.id,
        subtask,
        restore: undefined,
      });
    }
  }
  const vertices = new Map(graph.vertices.map((vertex) => [vertex.id, vertex]));
  const channels: ChannelDeployment[] = [];
  graph.edges.forEach((edge, index) => {
    const source = vertices.get(edge.source);
    const target = vertices.get(edge.target);
    if (source === undefined || target === undefined)
      throw new MillraceError("INTERNAL", `edge ${index} leads nowhere`);
    const end = (vertex: JobVertex, subtask: number): ChannelEnd => ({
      vertex: vertex.id,
      subtask,
      slot: slotOf(vertex, subtask),
    });
    for (let from = 0; from < source.parallelism; from++) {
      for (const to of targetsOf(edge, from, source.parallelism, target.parallelism)) {
        channels.push({
          id: channels.length,
          edge: index,
          producer: end(source, from),
          consumer: end(target, to),
        });
      }
    }
  });
  return { slots: tasks.map((list) => ({ tasks: list })), channels };
}

function assignSlots(graph: JobGraph, packed: boolean): (vertex: JobVertex, subtask: number) => number {
  if (packed) return () => 0;
  const sizes = new Map<string, number>();
  for (const { slotSharingGroup, parallelism } of graph.vertices) {
    sizes.set(slotSharingGroup, Math.max(sizes.get(slotSharingGroup) ?? 0, parallelism));
  }
  const first = new Map<string, number>();
  let next = 0;
  for (const [group, size] of sizes) {
    first.set(group, next);
    next += size;
  }
  return (vertex, subtask) => (first.get(vertex.slotSharingGroup) ?? 0) + subtask;
}

/** The subtasks that subtask `from` has a channel to. */
function targetsOf(edge: JobEdge, from: number, sources: number, targets: number): number[] {
  switch (edge.partitioner) {
    case "forward":
      return [from];
    case "rescale":
      return rescaleTargets(from, sources, targets);
    default:
      return Array.from({ length: targets }, (_, to) => to);
  }
}

/** Each source feeds its own share of the targets; with fewer targets than sources, neighbours share one. */
export function rescaleTargets(from: number, sources: number, targets: number): number[] {
  if (sources >= targets) return [Math.floor((from * targets) / sources)];
  const start = Math.ceil((from * targets) / sources);
  const end = Math.ceil(((from + 1) * targets) / sources);
  return Array.from({ length: end - start }, (_, i) => start + i);
}
