import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { vertexId } from "../../../../common/ids/ids.ts";
import type { JobEdge, JobGraph, JobVertex } from "../../../../graph/job/job-graph.ts";
import type { PartitionerKind } from "../../../../graph/stream/stream-graph.ts";
import { planUnits, rescaleTargets } from "./plan-units.ts";
import type { FailoverUnit } from "./plan-units.ts";

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
/** The tasks by slot: "a/0 b/0". */
const slotsOf = (unit: FailoverUnit | undefined): readonly string[] =>
  Array.from({ length: unit?.slots ?? 0 }, (_, slot) =>
    (unit?.tasks ?? [])
      .filter((task) => task.slot === slot)
      .map((task) => `${task.vertex}/${task.subtask}`)
      .join(" "),
  );

describe("planUnits", () => {
  it("makes one unit of a job that shuffles, subtask i of every vertex of a sharing group in slot i", () => {
    const units = planUnits(graph([vertex("a", 2), vertex("b", 3)], [edge("a", "b", "hash")]), false);
    expect(units.map(slotsOf)).toEqual([["a/0 b/0", "a/1 b/1", "b/2"]]);
    expect(units[0]?.channels).toHaveLength(6);
  });

  it("makes a unit for each slot of a job of forward edges, with slots and channels of its own", () => {
    const units = planUnits(graph([vertex("a", 3), vertex("b", 3)], [edge("a", "b", "forward")]), false);
    expect(units.map(slotsOf)).toEqual([["a/0 b/0"], ["a/1 b/1"], ["a/2 b/2"]]);
    expect(units.map(({ firstSlot }) => firstSlot)).toEqual([0, 1, 2]);
    expect(units.map(({ channels }) => channels.map(({ id, consumer }) => [id, consumer.slot]))).toEqual([
      [[0, 0]],
      [[0, 0]],
      [[0, 0]],
    ]);
  });

  it("keeps pipelines together that share a slot, and apart when they don't", () => {
    const edges = [edge("a", "b", "hash"), edge("c", "d", "hash")];
    const shared = graph([vertex("a", 1), vertex("b", 1), vertex("c", 1), vertex("d", 1)], edges);
    expect(planUnits(shared, false).map(slotsOf)).toEqual([["a/0 b/0 c/0 d/0"]]);
    const apart = graph([vertex("a", 1), vertex("b", 1), vertex("c", 1, "x"), vertex("d", 1, "x")], edges);
    expect(planUnits(apart, false).map(slotsOf)).toEqual([["a/0 b/0"], ["c/0 d/0"]]);
  });

  it("gives other sharing groups slots of their own, and packs each unit into one when asked", () => {
    const job = graph([vertex("a", 2), vertex("b", 2, "heavy")], [edge("a", "b", "forward")]);
    expect(planUnits(job, false).map(slotsOf)).toEqual([
      ["a/0", "b/0"],
      ["a/1", "b/1"],
    ]);
    expect(planUnits(job, true).map(slotsOf)).toEqual([["a/0 b/0"], ["a/1 b/1"]]);
  });

  it("puts every subtask into one unit, and both ends of every channel, whatever the graph", () => {
    const vertices = fc.array(
      fc.record({ parallelism: fc.integer({ min: 1, max: 4 }), group: fc.constantFrom("x", "y", "z") }),
      { minLength: 1, maxLength: 6 },
    );
    const kinds = fc.constantFrom<PartitionerKind>("hash", "rescale", "broadcast", "forward");
    const edges = fc.array(fc.tuple(fc.nat(), fc.nat(), kinds), { maxLength: 6 });
    fc.assert(
      fc.property(vertices, edges, fc.boolean(), (shapes, lines, packed) => {
        const job = graph(
          shapes.map(({ parallelism, group }, i) => vertex(`v${i}`, parallelism, group)),
          lines.flatMap(([a, b, kind]) => {
            const [from, to] = [a % shapes.length, b % shapes.length];
            if (from >= to) return [];
            const same = shapes[from]?.parallelism === shapes[to]?.parallelism;
            return [edge(`v${from}`, `v${to}`, kind === "forward" && !same ? "rebalance" : kind)];
          }),
        );
        const units = planUnits(job, packed);
        const tasks = units.flatMap((unit) => unit.tasks.map((task) => `${task.vertex}/${task.subtask}`));
        const all = job.vertices.flatMap(({ id, parallelism }) =>
          Array.from({ length: parallelism }, (_, subtask) => `${id}/${subtask}`),
        );
        expect([...tasks].sort()).toEqual([...all].sort());
        for (const unit of units) {
          const slots = new Map(
            unit.tasks.map(({ vertex, subtask, slot }) => [`${vertex}/${subtask}`, slot]),
          );
          expect(Math.max(...slots.values())).toBe(unit.slots - 1);
          for (const { producer, consumer } of unit.channels)
            for (const end of [producer, consumer])
              expect(slots.get(`${end.vertex}/${end.subtask}`)).toBe(end.slot);
        }
      }),
    );
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
