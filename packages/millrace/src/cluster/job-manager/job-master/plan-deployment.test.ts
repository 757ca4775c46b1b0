import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { vertexId } from "../../../common/ids/ids.ts";
import type { JobEdge, JobGraph, JobVertex } from "../../../graph/job/job-graph.ts";
import type { PartitionerKind } from "../../../graph/stream/stream-graph.ts";
import { planDeployment, rescaleTargets } from "./plan-deployment.ts";

const vertex = (id: string, parallelism: number, slotSharingGroup = "default"): JobVertex => ({
  id: vertexId(id),
  name: id,
  nodes: [0],
  parallelism,
  maxParallelism: 128,
  slotSharingGroup,
});
const edge = (source: string, target: string, partitioner: PartitionerKind): JobEdge => ({
  source: vertexId(source),
  target: vertexId(target),
  sourceNode: 0,
  targetNode: 0,
  targetInput: 0,
  input: 0,
  sideOutput: undefined,
  partitioner,
});
const graph = (vertices: JobVertex[], edges: JobEdge[]): JobGraph => ({
  jobName: "j",
  vertices,
  edges,
  fingerprint: "f",
});

describe("planDeployment", () => {
  it("puts subtask i of every vertex of a sharing group into slot i", () => {
    const plan = planDeployment(graph([vertex("a", 2), vertex("b", 3)], [edge("a", "b", "hash")]), 0, false);
    expect(plan.slots.map(({ tasks }) => tasks.map(({ execution }) => execution))).toEqual([
      ["a/0#0", "b/0#0"],
      ["a/1#0", "b/1#0"],
      ["b/2#0"],
    ]);
    expect(plan.channels).toHaveLength(6);
  });

  it("gives other sharing groups slots of their own, and packs all into one slot when asked", () => {
    const job = graph([vertex("a", 2), vertex("b", 2, "heavy")], [edge("a", "b", "forward")]);
    expect(
      planDeployment(job, 0, false).channels.map(({ producer, consumer }) => [producer.slot, consumer.slot]),
    ).toEqual([
      [0, 2],
      [1, 3],
    ]);
    expect(planDeployment(job, 0, true).slots).toHaveLength(1);
  });

  it("gives every subtask behind a rescale exactly the producers that are nearest, whatever the two parallelisms", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }), (sources, targets) => {
        const all = Array.from({ length: sources }, (_, from) => rescaleTargets(from, sources, targets));
        expect(all.every((list) => list.length > 0)).toBe(true);
        const reached = all.flat();
        expect(new Set(reached).size).toBe(targets);
        expect(reached).toHaveLength(Math.max(sources, targets));
        const loads = all.map((list) => list.length);
        expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(1);
      }),
    );
  });
});
