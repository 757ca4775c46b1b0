import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Sink } from "../../common/connector/sink.ts";
import type { Source } from "../../common/connector/source.ts";
import { WatermarkStrategy } from "../../common/watermarks/watermark-strategy.ts";
import type { OperatorSpec } from "./operator-spec.ts";
import { FORWARD, hashBy } from "./partitioners.ts";
import { StreamGraphBuilder, type NewNode } from "./stream-graph-builder.ts";
import type { StreamEdge } from "./stream-graph.ts";

// Only what the graph looks at: nothing here is ever run.
const source = (name: string, maxParallelism?: number): OperatorSpec => ({
  kind: "source",
  source: { name, maxParallelism } as Source<unknown>,
  watermarks: WatermarkStrategy.noWatermarks(),
});
const sink: OperatorSpec = { kind: "sink", sink: { name: "out" } as Sink<unknown, unknown, unknown> };
const map: OperatorSpec = { kind: "map", fn: (value) => value };
const filter: OperatorSpec = { kind: "filter", fn: () => true };
const co: OperatorSpec = {
  kind: "coProcess",
  fn: { onRecord1: () => undefined, onRecord2: () => undefined },
};
const from = (node: number, input: 0 | 1 = 0, sideOutput?: string): StreamEdge => ({
  source: node,
  input,
  sideOutput,
  partitioner: FORWARD,
});

/** A program as data: each step takes its input from an earlier one. */
interface Step {
  readonly kind: "source" | "map" | "filter";
  readonly name: string;
  readonly input: number;
}
const steps = fc.array(
  fc.record({
    kind: fc.constantFrom("source", "map", "filter" as const),
    name: fc.constantFrom("a", "b"),
    input: fc.nat(20),
  }),
  { minLength: 1, maxLength: 12 },
);

function record(builder: StreamGraphBuilder, program: readonly Step[]): number[] {
  const ids: number[] = [];
  for (const { kind, name, input } of program) {
    if (kind === "source" || ids.length === 0)
      ids.push(builder.add({ spec: source(name), name, inputs: [] }));
    else
      ids.push(
        builder.add({ spec: kind === "map" ? map : filter, name, inputs: [from(ids[input % ids.length]!)] }),
      );
  }
  return ids;
}

/** Ends every open output in a sink. */
function close(builder: StreamGraphBuilder): void {
  const taken = new Set(
    Array.from({ length: builder.size }, (_, id) =>
      builder.node(id).inputs.map((edge) => edge.source),
    ).flat(),
  );
  for (let id = builder.size - 1; id >= 0; id--) {
    if (builder.node(id).spec.kind !== "sink" && !taken.has(id))
      builder.add({ spec: sink, name: `out ${id}`, inputs: [from(id)] });
  }
}

function uidsOf(program: readonly Step[]): Map<number, string> {
  const builder = new StreamGraphBuilder();
  const ids = record(builder, program);
  close(builder);
  const { nodes } = builder.build({ jobName: "job" });
  return new Map(ids.map((id) => [id, nodes[id]!.uid]));
}

describe("uids", () => {
  it("are 32 hex digits, all different, the same in each build", () => {
    fc.assert(
      fc.property(steps, (program) => {
        const uids = [...uidsOf(program).values()];
        expect(new Set(uids).size).toBe(uids.length);
        expect(uids.every((uid) => /^[0-9a-f]{32}$/u.test(uid))).toBe(true);
        expect([...uidsOf(program).values()]).toEqual(uids);
      }),
    );
  });

  it("don't change when other streams are recorded before, between and after", () => {
    fc.assert(
      fc.property(steps, fc.nat(12), (program, position) => {
        const builder = new StreamGraphBuilder();
        const extra = (name: string): void => {
          const added = builder.add({ spec: source(name), name, inputs: [] });
          builder.add({ spec: map, name: "other", inputs: [from(added)] });
        };
        extra("before");
        const first = program.slice(0, position);
        // Both halves are one program: ids of the first are offset by the two extra nodes.
        const ids = record(builder, first);
        extra("between");
        for (const { kind, name, input } of program.slice(first.length)) {
          if (kind === "source" || ids.length === 0)
            ids.push(builder.add({ spec: source(name), name, inputs: [] }));
          else
            ids.push(
              builder.add({
                spec: kind === "map" ? map : filter,
                name,
                inputs: [from(ids[input % ids.length]!)],
              }),
            );
        }
        extra("after");
        close(builder);
        const { nodes } = builder.build({ jobName: "job" });
        expect(ids.map((id) => nodes[id]!.uid)).toEqual([...uidsOf(program).values()]);
      }),
    );
  });

  it("stop a change upstream from reaching downstream, where they are explicit", () => {
    const build = (operators: number): readonly string[] => {
      const builder = new StreamGraphBuilder();
      let last = builder.add({ spec: source("s"), inputs: [] });
      for (let i = 0; i < operators; i++) last = builder.add({ spec: map, inputs: [from(last)] });
      const fixed = builder.add({ spec: filter, inputs: [from(last)] });
      builder.update(fixed, { uid: "fixed" });
      builder.add({ spec: sink, inputs: [from(fixed)] });
      return builder
        .build({ jobName: "job" })
        .nodes.slice(-2)
        .map(({ uid }) => uid);
    };
    expect(build(1)).toEqual(build(3));
    expect(build(1)[0]).toBe("fixed");
  });

  it("given twice are refused, by name", () => {
    const builder = new StreamGraphBuilder();
    const start = builder.add({ spec: source("s"), inputs: [] });
    const one = builder.add({ spec: map, name: "one", inputs: [from(start)] });
    const two = builder.add({ spec: map, name: "two", inputs: [from(one)] });
    builder.add({ spec: sink, inputs: [from(two)] });
    for (const id of [one, two]) builder.update(id, { uid: "same" });
    expect(() => builder.build({ jobName: "job" })).toThrow(
      /uid "same" is given to two operators: "one" \(node 1\) and "two" \(node 2\)/u,
    );
  });
});

describe("StreamGraphBuilder", () => {
  const straight = (middle: Partial<NewNode> = {}): { builder: StreamGraphBuilder; node: number } => {
    const builder = new StreamGraphBuilder();
    const start = builder.add({ spec: source("s"), inputs: [] });
    const node = builder.add({ spec: map, inputs: [from(start)], ...middle });
    builder.add({ spec: sink, inputs: [from(node)] });
    return { builder, node };
  };

  it("freezes what it builds, and goes on recording", () => {
    const { builder, node } = straight();
    const graph = builder.build({ jobName: "job", config: { "parallelism.default": 2 } });
    expect(graph.nodes.map(({ name }) => name)).toEqual(["Source: s", "Map", "Sink: out"]);
    for (const each of [
      graph,
      graph.nodes,
      graph.config,
      graph.nodes[1],
      graph.nodes[1]!.inputs,
      graph.nodes[1]!.inputs[0],
      graph.nodes[1]!.poison,
    ]) {
      expect(Object.isFrozen(each)).toBe(true);
    }
    builder.update(node, { name: "renamed" });
    expect(graph.nodes[1]!.name).toBe("Map");
    expect(builder.build({ jobName: "job" }).nodes[1]!.name).toBe("renamed");
  });

  it("keeps what leads to the given sinks, under new ids and old uids", () => {
    const builder = new StreamGraphBuilder();
    const left = builder.add({ spec: source("left"), inputs: [] });
    const right = builder.add({ spec: source("right"), inputs: [] });
    builder.add({ spec: sink, name: "first", inputs: [from(left)] });
    const second = builder.add({ spec: sink, name: "second", inputs: [from(right)] });
    const all = builder.build({ jobName: "job" });
    const some = builder.build({ jobName: "job", sinks: [second] });
    expect(some.nodes.map(({ id, name, inputs }) => [id, name, inputs.map((edge) => edge.source)])).toEqual([
      [0, "Source: right", []],
      [1, "second", [0]],
    ]);
    expect(some.nodes.map(({ uid }) => uid)).toEqual([all.nodes[1]!.uid, all.nodes[3]!.uid]);
  });

  it("refuses programs that do nothing, and outputs that go nowhere", () => {
    expect(() => new StreamGraphBuilder().build({ jobName: "empty" })).toThrow(/job "empty" does nothing/u);
    const builder = new StreamGraphBuilder();
    const start = builder.add({ spec: source("s"), inputs: [] });
    builder.add({ spec: map, name: "lost", inputs: [from(start)] });
    expect(() => builder.build({ jobName: "job" })).toThrow(/the output of "lost" \(node 1\) goes nowhere/u);
    expect(() => builder.refuseOpenEnds()).toThrow(/"lost"/u);
  });

  it("refuses inputs that are not recorded, side outputs that nobody has, and missing inputs", () => {
    const builder = new StreamGraphBuilder();
    expect(() => builder.add({ spec: map, inputs: [from(0)] })).toThrow(
      /takes input from node 0, which is not recorded before it/u,
    );
    const start = builder.add({ spec: source("s"), inputs: [] });
    builder.add({ spec: sink, inputs: [from(start, 0, "late")] });
    expect(() => builder.build({ jobName: "job" })).toThrow(
      /takes side output "late" of "Source: s", which does not declare it/u,
    );
    const half = new StreamGraphBuilder();
    const one = half.add({ spec: source("s"), inputs: [] });
    half.add({ spec: sink, inputs: [from(half.add({ spec: co, inputs: [from(one, 0)] }))] });
    expect(() => half.build({ jobName: "job" })).toThrow(/has nothing at input 1/u);
    expect(() => straight({ inputs: [from(0, 1)] }).builder.build({ jobName: "job" })).toThrow(
      /nothing at input 0/u,
    );
  });

  it.each([0, -1, 1.5, 32_769, Number.NaN])("refuses the parallelism %s", (parallelism) => {
    const { builder, node } = straight();
    expect(() => builder.update(node, { parallelism })).toThrow(/whole number from 1 to 32768/u);
    expect(() => builder.update(node, { maxParallelism: parallelism })).toThrow(
      /whole number from 1 to 32768/u,
    );
  });

  it("refuses parallelism where one subtask must see everything, and above what is allowed", () => {
    const single = straight({ nonParallel: true });
    expect(() => single.builder.update(single.node, { parallelism: 2 })).toThrow(
      /runs in one subtask; got parallelism 2/u,
    );
    single.builder.update(single.node, { parallelism: 1 });
    expect(single.builder.build({ jobName: "job" }).nodes[1]).toMatchObject({
      parallelism: 1,
      maxParallelism: 1,
    });

    const { builder, node } = straight();
    builder.update(node, { parallelism: 8, maxParallelism: 4 });
    expect(() => builder.build({ jobName: "job" })).toThrow(
      /has parallelism 8, above its max parallelism 4/u,
    );

    const stdin = new StreamGraphBuilder();
    const start = stdin.add({ spec: source("stdin", 1), inputs: [] });
    stdin.add({ spec: sink, inputs: [from(start)] });
    stdin.update(start, { parallelism: 2 });
    expect(() => stdin.build({ jobName: "job" })).toThrow(
      /has parallelism 2, but its source can use at most 1/u,
    );
  });

  it("tells keyed edges by their kind only: a selector is no part of the uid", () => {
    const build = (selector: (value: unknown) => unknown): string => {
      const { builder, node } = straight();
      const keyed = builder.add({ spec: filter, inputs: [{ ...from(node), partitioner: hashBy(selector) }] });
      builder.add({ spec: sink, name: "end", inputs: [from(keyed)] });
      return builder.build({ jobName: "job" }).nodes[keyed]!.uid;
    };
    expect(build((value) => value)).toBe(build(() => 1));
  });
});
