import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { VertexId } from "../../../../common/ids/ids.ts";
import type { JobEdge, JobGraph, JobVertex } from "../../../../graph/job/job-graph.ts";
import type { ChannelDeployment, ChannelEnd } from "../../../../protocol/control/deployment.ts";
import { DisjointSets } from "./disjoint-sets.ts";

/** One subtask of a unit. */
export interface UnitTask {
  readonly vertex: VertexId;
  readonly subtask: number;
  /** Of the unit, from 0. */
  readonly slot: number;
}

/**
 * Subtasks that fail and start again together: all that are connected by channels or share a slot. Records between them are on their way
 * at any moment, and a slot ends whole, so less than this can't go back to a checkpoint by itself; nothing passes between two units.
 */
export interface FailoverUnit {
  readonly index: number;
  /** Its number of slots, and the first of them as the job numbers them. */
  readonly slots: number;
  readonly firstSlot: number;
  /** In the order of the graph's vertices. */
  readonly tasks: readonly UnitTask[];
  /** In the order of their ids, which are unique in the unit. */
  readonly channels: readonly ChannelDeployment[];
}

/**
 * Lays a job out over slots, and divides it into failover units. Subtask i of every vertex of a slot-sharing group goes to the
 * group's slot i; `packed` puts each unit into one slot (inline mode, where all slots would be the same thread). A job whose records
 * are shuffled is one unit; one of forward edges only has a unit for each slot.
 */
export function planUnits(graph: JobGraph, packed: boolean): readonly FailoverUnit[] {
  const slotOf = assignSlots(graph);
  const count = graph.vertices.reduce((max, vertex) => Math.max(max, slotOf(vertex, vertex.parallelism)), 0);
  const channels = channelsOf(graph, slotOf);
  const sets = new DisjointSets(count);
  for (const { producer, consumer } of channels) sets.join(producer.slot, consumer.slot);
  let firstSlot = 0;
  return sets.groups().map((members, index) => {
    const local = new Map(members.map((slot, position) => [slot, packed ? 0 : position]));
    const slots = packed ? 1 : members.length;
    const end = (of: ChannelEnd): ChannelEnd => ({ ...of, slot: local.get(of.slot) ?? 0 });
    const unit: FailoverUnit = {
      index,
      slots,
      firstSlot,
      tasks: graph.vertices.flatMap((vertex) =>
        Array.from({ length: vertex.parallelism }, (_, subtask) => ({ vertex: vertex.id, subtask }))
          .map((task) => ({ ...task, slot: local.get(slotOf(vertex, task.subtask)) }))
          .filter((task): task is UnitTask => task.slot !== undefined),
      ),
      channels: channels
        .filter(({ producer }) => local.has(producer.slot))
        .map(({ edge, producer, consumer }, id) => ({
          id,
          edge,
          producer: end(producer),
          consumer: end(consumer),
        })),
    };
    firstSlot += slots;
    return unit;
  });
}

/** Slots as numbered for the whole job, as if each were a thread of its own. */
function assignSlots(graph: JobGraph): (vertex: JobVertex, subtask: number) => number {
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

function channelsOf(
  graph: JobGraph,
  slotOf: (vertex: JobVertex, subtask: number) => number,
): readonly ChannelDeployment[] {
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
  return channels;
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
