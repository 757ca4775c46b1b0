import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Source } from "../../common/connector/source.ts";
import type { Sink } from "../../common/connector/sink.ts";
import { WatermarkStrategy } from "../../common/watermarks/watermark-strategy.ts";
import type { OperatorSpec } from "../stream/operator-spec.ts";
import { StreamGraphBuilder } from "../stream/stream-graph-builder.ts";
import type { Partitioner, StreamGraph } from "../stream/stream-graph.ts";
import { createJobGraph } from "./create-job-graph.ts";
import { describeNodes, firstDifference } from "./fingerprint.ts";
import type { JobGraph } from "./job-graph.ts";

// Only what the graph looks at: nothing here is ever run.
const source: OperatorSpec = {
  kind: "source",
  source: { name: "numbers" } as Source<unknown>,
  watermarks: WatermarkStrategy.noWatermarks(),
};
const map: OperatorSpec = { kind: "map", fn: (value) => value };
const sink: OperatorSpec = { kind: "sink", sink: { name: "nowhere" } as Sink<unknown, unknown, unknown> };
const forward: Partitioner = { kind: "forward" };
const hash: Partitioner = { kind: "hash", keySelector: (value) => value };

class Program {
  readonly builder = new StreamGraphBuilder();
  add(spec: OperatorSpec, ...inputs: readonly (readonly [number, Partitioner])[]): number {
    return this.builder.add({
      spec,
      inputs: inputs.map(([from, partitioner]) => ({
        source: from,
        input: 0,
        sideOutput: undefined,
        partitioner,
      })),
    });
  }
  build(): StreamGraph {
    return this.builder.build({ jobName: "test" });
  }
}

function straight(partitioners: readonly Partitioner[]): Program {
  const program = new Program();
  let last = program.add(source);
  for (const partitioner of partitioners) last = program.add(map, [last, partitioner]);
  program.add(sink, [last, forward]);
  return program;
}

describe("createJobGraph", () => {
  it("chains along forward edges and cuts at shuffles", () => {
    const graph = createJobGraph(straight([forward, hash, forward]).build(), { parallelism: 2 });
    expect(graph.vertices.map(({ nodes }) => nodes)).toEqual([
      [0, 1],
      [2, 3, 4],
    ]);
    expect(graph.edges).toMatchObject([
      { sourceNode: 1, targetNode: 2, targetInput: 0, partitioner: "hash" },
    ]);
    expect(graph.vertices.every((vertex) => vertex.parallelism === 2 && vertex.maxParallelism === 128)).toBe(
      true,
    );
  });

  it("cuts where parallelisms differ, and spreads records there unless forward was asked for", () => {
    const program = straight([forward]);
    program.builder.update(1, { parallelism: 3 });
    expect(
      createJobGraph(program.build(), { parallelism: 2 }).edges.map(({ partitioner }) => partitioner),
    ).toEqual(["rebalance", "rebalance"]);
    const strict = straight([{ kind: "forward", explicit: true }]);
    strict.builder.update(1, { parallelism: 3 });
    expect(() => createJobGraph(strict.build(), { parallelism: 2 })).toThrow(
      /forward\(\) from .* \(parallelism 2\) to .* \(parallelism 3\)/u,
    );
  });

  it.each([
    ["startNewChain", (program: Program) => program.builder.update(1, { chaining: "head" }), [[0], [1, 2]]],
    [
      "disableChaining",
      (program: Program) => program.builder.update(1, { chaining: "never" }),
      [[0], [1], [2]],
    ],
    [
      "another slot sharing group",
      (program: Program) => program.builder.update(1, { slotSharingGroup: "heavy" }),
      [[0], [1], [2]],
    ],
  ])("respects %s", (_, change, expected) => {
    const program = straight([forward]);
    change(program);
    expect(createJobGraph(program.build(), { parallelism: 1 }).vertices.map(({ nodes }) => nodes)).toEqual(
      expected,
    );
  });

  it("chains branches as a tree, in preorder, and names it", () => {
    const program = new Program();
    const from = program.add(source);
    const left = program.add(map, [from, forward]);
    const right = program.add(map, [from, forward]);
    program.add(sink, [left, forward]);
    program.add(sink, [right, forward]);
    const graph = createJobGraph(program.build(), { parallelism: 1 });
    expect(graph.vertices.map(({ nodes }) => nodes)).toEqual([[from, left, 3, right, 4]]);
    expect(graph.vertices[0]?.name).toMatch(/^.* -> \(.* -> .*, .* -> .*\)$/u);
  });

  it("never chains a union, and keeps an edge for each of its inputs", () => {
    const program = new Program();
    const a = program.add(source);
    const b = program.add(source);
    program.add(sink, [a, forward], [b, forward]);
    const graph = createJobGraph(program.build(), { parallelism: 1 });
    expect(graph.vertices).toHaveLength(3);
    expect(graph.edges.map(({ targetInput }) => targetInput)).toEqual([0, 1]);
  });

  it("chains nothing when chaining is off", () => {
    expect(
      createJobGraph(straight([forward, forward]).build(), { parallelism: 1, chaining: false }).vertices,
    ).toHaveLength(4);
  });

  it("takes over the key groups that state has, unless somebody asks for others", () => {
    const build = (change: (program: Program) => void, settings: object): readonly number[] => {
      const program = straight([forward, hash]);
      change(program);
      const stream = program.build();
      const adoptedMaxParallelism = Object.fromEntries(stream.nodes.slice(0, 3).map(({ uid }) => [uid, 512]));
      const graph = createJobGraph(stream, { parallelism: 2, adoptedMaxParallelism, ...settings });
      return graph.vertices.map(({ maxParallelism }) => maxParallelism);
    };
    // The sink is new: it goes with the others.
    expect(build(() => {}, {})).toEqual([512, 512]);
    expect(build((program) => program.builder.update(0, { maxParallelism: 64 }), {})).toEqual([64, 512, 512]);
    expect(build(() => {}, { maxParallelism: 256 })).toEqual([256, 256]);
    expect(build(() => {}, { parallelism: 600 })).toEqual([1024, 1024]);
  });

  it.each(["constructor", "__proto__"])("derives key groups for an operator whose uid is %s", (uid) => {
    const program = straight([forward]);
    program.builder.update(0, { uid });
    const { vertices } = createJobGraph(program.build(), { parallelism: 2 });
    expect(vertices.map(({ maxParallelism }) => maxParallelism)).toEqual([128]);
  });

  it("gives vertices other parallelisms after chaining: key groups and vertices stay, edges follow", () => {
    const stream = straight([forward, hash]).build();
    const before = createJobGraph(stream, { parallelism: 2 });
    const [first, second] = before.vertices.map(({ id }): string => id) as [string, string];
    const rescaled = (parallelismOverrides: Record<string, number>): JobGraph =>
      createJobGraph(stream, { parallelism: 2, parallelismOverrides });
    const after = rescaled({ [second]: 100 });
    expect(after.vertices.map(({ nodes }) => nodes)).toEqual(before.vertices.map(({ nodes }) => nodes));
    expect(after.vertices.map(({ parallelism }) => parallelism)).toEqual([2, 100]);
    expect(after.vertices.map(({ maxParallelism }) => maxParallelism)).toEqual([128, 128]);
    expect(after.fingerprint).not.toBe(before.fingerprint);
    expect(rescaled({ [first]: 2, [second]: 2 }).fingerprint).toBe(before.fingerprint);
    expect(() => rescaled({ [second]: 129 })).toThrow(/parallelism 129: expected .* 128/u);

    const unchained = straight([forward]);
    unchained.builder.update(1, { chaining: "never" });
    const [source] = createJobGraph(unchained.build(), { parallelism: 2 }).vertices;
    const edges = createJobGraph(unchained.build(), {
      parallelism: 2,
      parallelismOverrides: { [source?.id ?? ""]: 3 },
    }).edges;
    expect(edges.map(({ partitioner }) => partitioner)).toEqual(["rebalance", "forward"]);
  });

  it("puts every node into exactly one vertex, whatever the program", () => {
    const programs = fc.array(
      fc.constantFrom<Partitioner>(forward, hash, { kind: "rebalance" }, { kind: "broadcast" }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(programs, fc.integer({ min: 1, max: 8 }), (partitioners, parallelism) => {
        const stream = straight(partitioners).build();
        const graph = createJobGraph(stream, { parallelism });
        const placed = graph.vertices.flatMap(({ nodes }) => nodes);
        expect([...placed].sort((x, y) => x - y)).toEqual(stream.nodes.map(({ id }) => id));
        expect(graph.fingerprint).toBe(
          createJobGraph(straight(partitioners).build(), { parallelism }).fingerprint,
        );
      }),
    );
  });

  it("changes its fingerprint with the program, and says where two programs part", () => {
    const [one, other] = [straight([forward]).build(), straight([hash]).build()];
    expect(createJobGraph(one, { parallelism: 1 }).fingerprint).not.toBe(
      createJobGraph(other, { parallelism: 1 }).fingerprint,
    );
    expect(firstDifference(describeNodes(one), describeNodes(one))).toBeUndefined();
    expect(firstDifference(describeNodes(one), describeNodes(other))).toBe(
      'node 1 differs: expected inputs [[0,0,null,"forward"]], got [[0,0,null,"hash"]]',
    );
    expect(firstDifference(describeNodes(one), describeNodes(straight([]).build()))).toMatch(/^node [12] /u);
    const [first = "", ...rest] = describeNodes(one);
    const renamed = JSON.stringify({ ...(JSON.parse(first) as object), name: "b", uid: undefined });
    expect(firstDifference([first], [renamed])).toMatch(/^node 0 differs: expected name ".*", got "b"/u);
    expect(firstDifference([first], [])).toMatch(/^node 0 is missing: [^{"]+ \(\w+\)$/u);
    expect(firstDifference([first], [first, ...rest])).toMatch(/^node 1 is new: [^{"]+ \(\w+\)$/u);
  });
});
