import { describe, expect, it } from "vitest";
import { perSubtask } from "../../common/functions/per-subtask.ts";
import { outputTag } from "../../common/outputs/create-output-tag.ts";
import { mapState, valueState } from "../../common/state/descriptors.ts";
import { Types } from "../../common/types/types.ts";
import { WatermarkStrategy } from "../../common/watermarks/watermark-strategy.ts";
import { TumblingEventTimeWindows } from "../../common/windows/tumbling-windows.ts";
import type { DeadLetter } from "./dead-letter.ts";
import type { DataStream } from "./streams.ts";
import {
  collecting,
  flight,
  flightsOf,
  graphOf,
  newEnv,
  operatorOf,
  specOf,
  type Flight,
  type SpecOf,
} from "./testing/recorded-graph.ts";

describe("elements", () => {
  it("record bare functions as they are, and rich ones with their object", () => {
    const fn = (f: Flight): number => f.delay;
    const bare = specOf(
      operatorOf((flights) => flights.map(fn)),
      "map",
    );
    expect(bare.fn).toBe(fn);
    expect(bare.rich).toBeUndefined();
    class Plus {
      readonly n = 5;
      map(f: Flight): number {
        return f.delay + this.n;
      }
    }
    const rich = specOf(
      operatorOf((flights) => flights.map(new Plus())),
      "map",
    );
    expect(rich.rich).toBeInstanceOf(Plus);
    expect(rich.fn({ delay: 2 })).toBe(7);
    expect(
      specOf(
        operatorOf((flights) => flights.filter((f) => f.delay > 1)),
        "filter",
      ).fn({ delay: 2 }),
    ).toBe(true);
    expect(
      specOf(
        operatorOf((flights) => flights.flatMap((f) => [f.delay])),
        "flatMap",
      ).kind,
    ).toBe("flatMap");
  });

  it("give each subtask an object of its own, where a factory was given", () => {
    class Counter {
      seen = 0;
      map(): number {
        return ++this.seen;
      }
    }
    const shared = operatorOf((flights) => flights.map(new Counter()));
    expect(shared.freshSpec).toBeUndefined();
    const node = operatorOf((flights) => flights.map(perSubtask(() => new Counter())));
    const [one, two] = [node.freshSpec!() as SpecOf<"map">, node.freshSpec!() as SpecOf<"map">];
    expect([one.fn(0), one.fn(0), two.fn(0)]).toEqual([1, 2, 1]);
  });

  it("refuse asynchronous functions and what is no function when they are recorded", () => {
    const flights = flightsOf(newEnv());
    const later = (async () => 1) as never;
    for (const record of [
      () => flights.map(later),
      () => flights.filter(later),
      () => flights.flatMap(later),
      () => flights.keyBy(later),
      () => flights.process({ onRecord: later }),
      () => flights.keyBy("origin").process({ onRecord: () => undefined, onTimer: later }),
      () => flights.keyBy("origin").reduce(later),
      () => flights.windowAll(TumblingEventTimeWindows.of(1)).apply(later),
    ]) {
      expect(record).toThrow(/must be synchronous/u);
    }
    expect(() => flights.map(undefined as never)).toThrow(
      /map takes a function or an object with a method map, got undefined/u,
    );
    expect(() => flights.map({} as never)).toThrow(/method map/u);
    expect(() => flights.process({} as never)).toThrow(/process takes an object with onRecord/u);
    expect(() => flights.keyBy(5 as never)).toThrow(
      /keyBy takes a function of the record or the name of a field, got 5/u,
    );
    expect(() => flights.keyBy("origin").window({} as never)).toThrow(/window takes a window assigner/u);
    expect(() => flights.sinkTo({} as never)).toThrow(/sinkTo takes a sink/u);
    expect(() => flights.union({} as never)).toThrow(/union takes a stream/u);
    expect(() => flights.asyncMap("fetch" as never)).toThrow(/asyncMap takes an asynchronous function/u);
  });

  it("keep the declared type where records stay, and take the one that is declared", () => {
    const graph = graphOf((flights) => [
      flights.filter((f) => f.delay > 0),
      flights.keyBy("origin").sum("delay"),
      flights.map((f) => f.delay),
      flights.map((f) => f.delay).returns(Types.int),
    ]);
    const types = graph.nodes
      .filter(({ spec }) => spec.kind !== "sink")
      .map(({ outputType }) => outputType?.description.kind);
    expect(types).toEqual(["object", "object", "object", undefined, "int"]);
  });
});

describe("partitioning", () => {
  it("stands on the edge", () => {
    const kinds = (program: (flights: DataStream<Flight>) => DataStream<Flight>): string[] =>
      operatorOf((flights) => program(flights).map((f) => f)).inputs.map(
        ({ partitioner }) => partitioner.kind,
      );
    expect(kinds((s) => s)).toEqual(["forward"]);
    expect(kinds((s) => s.shuffle())).toEqual(["shuffle"]);
    expect(kinds((s) => s.rebalance())).toEqual(["rebalance"]);
    expect(kinds((s) => s.rescale())).toEqual(["rescale"]);
    expect(kinds((s) => s.global())).toEqual(["global"]);
    expect(kinds((s) => s.broadcast())).toEqual(["broadcast"]);
    expect(kinds((s) => s.forward())).toEqual(["forward"]);
    expect(
      kinds((s) =>
        s.partitionCustom(
          (f) => f.origin,
          () => 0,
        ),
      ),
    ).toEqual(["custom"]);
    expect(
      kinds((s) =>
        s.union(
          s.rebalance(),
          s.map((f) => f),
        ),
      ),
    ).toEqual(["forward", "rebalance", "forward"]);
  });

  it("is by key behind keyBy, whatever follows", () => {
    const node = operatorOf((flights) => flights.keyBy((f) => f.origin).map((f) => f.delay));
    expect(node.inputs[0]!.partitioner).toMatchObject({ kind: "hash" });
    const field = operatorOf((flights) => flights.keyBy("origin").sum("delay"));
    expect(specOf(field, "keyedReduce").keySelector({ origin: "JFK" })).toBe("JFK");
  });

  it("refuses streams of another environment", () => {
    expect(() => flightsOf(newEnv()).union(flightsOf(newEnv()))).toThrow(
      /union got a stream of another environment/u,
    );
  });
});

describe("process", () => {
  it("emits what functions return: a record, the elements of an array, nothing", () => {
    const node = operatorOf((flights) =>
      flights.process({
        onRecord: (f): unknown =>
          (f.delay === 0 ? undefined : f.delay === 1 ? "one" : [f.delay, null]) as never,
      }),
    );
    const { fn } = specOf(node, "process");
    const { out, context } = collecting();
    for (const delay of [0, 1, 2]) fn.onRecord({ delay }, context as never);
    expect(out).toEqual(["one", 2, null]);
  });

  it("calls the object's functions on the object", () => {
    class Counting {
      readonly state = { n: valueState(Types.int) };
      seen = 0;
      closed = false;
      open(): void {
        this.seen = 10;
      }
      onRecord(): number {
        return ++this.seen;
      }
      close(): void {
        this.closed = true;
      }
    }
    const given = new Counting();
    const { fn } = specOf(
      operatorOf((flights) => flights.keyBy("origin").process(given)),
      "keyedProcess",
    );
    const { out, context } = collecting();
    fn.open?.({} as never);
    fn.onRecord({}, context as never);
    fn.close?.();
    expect(out).toEqual([11]);
    expect(given.closed).toBe(true);
    expect(fn.state).toBe(given.state);
    expect(fn).not.toHaveProperty("onTimer");
  });

  it("refuses promises at the first record", () => {
    const { fn } = specOf(
      operatorOf((flights) => flights.process({ onRecord: () => Promise.resolve(1) as never })),
      "process",
    );
    expect(() => fn.onRecord({}, collecting().context as never)).toThrow(/answered with a promise/u);
  });

  it("declares what it emits, and its side outputs", () => {
    const late = outputTag("late", flight);
    const node = operatorOf((flights) =>
      flights.process({
        output: Types.object({ n: Types.int }),
        outputs: { late },
        onRecord: () => undefined,
      }),
    );
    expect(node.outputType?.description.kind).toBe("object");
    expect([...node.sideOutputTypes]).toEqual([["late", flight]]);
    const twice = { one: outputTag<number>("same"), two: outputTag<string>("same") };
    expect(() => flightsOf(newEnv()).process({ outputs: twice, onRecord: () => undefined })).toThrow(
      /two side outputs with the id "same"/u,
    );
  });

  it("connects streams, keyed and not, and broadcast ones", () => {
    const graph = graphOf((flights, env) => {
      const rules = env.fromItems([{ origin: "JFK" }]);
      const broadcast = rules.broadcast({ rules: mapState(Types.string, Types.boolean) });
      const both = { onRecord1: () => undefined, onRecord2: () => undefined };
      const rule = { onRecord: () => undefined, onBroadcast: () => undefined };
      return [
        flights.connect(rules).process(both),
        flights.connect(rules).map(
          (f) => [f.delay],
          (r) => r.origin,
        ),
        flights.keyBy("origin").connect(rules.keyBy("origin")).process(both),
        flights
          .connect(rules)
          .keyBy(
            (f) => f.origin,
            (r) => r.origin,
          )
          .process(both),
        flights.connect(broadcast).process(rule),
        flights.keyBy("origin").connect(broadcast).process(rule),
      ];
    });
    const operators = graph.nodes.filter(({ spec }) => spec.kind !== "source" && spec.kind !== "sink");
    expect(
      operators.map(({ spec, inputs }) => [
        spec.kind,
        ...inputs.map((edge) => `${edge.input} ${edge.partitioner.kind}`),
      ]),
    ).toEqual([
      ["coProcess", "0 forward", "1 forward"],
      ["coProcess", "0 forward", "1 forward"],
      ["keyedCoProcess", "0 hash", "1 hash"],
      ["keyedCoProcess", "0 hash", "1 hash"],
      ["broadcastProcess", "0 forward", "1 broadcast"],
      ["keyedBroadcastProcess", "0 hash", "1 broadcast"],
    ]);
    const { out, context } = collecting();
    specOf(operators[1]!, "coProcess").fn.onRecord1({ delay: 4 }, context as never);
    specOf(operators[1]!, "coProcess").fn.onRecord2({ origin: "JFK" }, context as never);
    expect(out).toEqual([[4], "JFK"]);
  });
});

describe("side outputs", () => {
  it("are streams of their tag", () => {
    const late = outputTag("late", flight);
    const graph = graphOf((flights) => {
      const main = flights.process({ outputs: { late }, onRecord: (f) => f.delay });
      return [main, main.sideOutputs.late, main.getSideOutput(late)];
    });
    expect(
      graph.nodes.filter(({ spec }) => spec.kind === "sink").map(({ inputs }) => inputs[0]!.sideOutput),
    ).toEqual([undefined, "late", "late"]);
  });

  it("need not be declared by functions that emit to any tag", () => {
    const graph = graphOf((flights) => {
      const main = flights.process({ onRecord: (f) => f.delay });
      return [main, main.getSideOutput(outputTag("n", Types.int))];
    });
    expect([...graph.nodes[1]!.sideOutputTypes.keys()]).toEqual(["n"]);
  });

  it("are refused where there are none, and where the type differs", () => {
    const flights = flightsOf(newEnv());
    expect(() => flights.map((f) => f).getSideOutput(outputTag<number>("late"))).toThrow(
      /"Map" has no side output "late"/u,
    );
    const main = flights.process({ outputs: { late: outputTag("late", flight) }, onRecord: () => undefined });
    expect(() => main.getSideOutput(outputTag("late", Types.int))).toThrow(
      /side output "late" of "Process" is of type .*, not int/u,
    );
  });

  it("take dead letters", () => {
    const dead = outputTag<DeadLetter>("dead");
    const graph = graphOf((flights) => {
      const main = flights.map((f) => f.delay).onPoisonRecord({ deadLetter: dead });
      return [main, main.getSideOutput(dead), flights.map((f) => f).onPoisonRecord("skip")];
    });
    expect(graph.nodes.filter(({ spec }) => spec.kind === "map").map(({ poison }) => poison.kind)).toEqual([
      "deadLetter",
      "skip",
    ]);
    expect(() =>
      flightsOf(newEnv())
        .map((f) => f)
        .onPoisonRecord("ignore" as never),
    ).toThrow(/"fail", "skip" or \{ deadLetter: tag \}/u);
  });
});

describe("asyncMap", () => {
  it("settles its options", () => {
    const call = async (f: Flight): Promise<number> => await Promise.resolve(f.delay);
    const spec = specOf(
      operatorOf((flights) => flights.asyncMap(call)),
      "async",
    );
    expect(spec).toMatchObject({
      flat: false,
      options: { mode: "ordered", capacity: 100, timeout: 60_000 },
      inputType: flight,
    });
    expect(spec.fn).toEqual({ call });
    const flat = operatorOf((flights) =>
      flights.asyncFlatMap(async () => [1], {
        mode: "unordered",
        capacity: 2,
        timeout: 0,
        retry: { maxAttempts: 3, delay: 10 },
      }),
    );
    expect(specOf(flat, "async")).toMatchObject({
      flat: true,
      options: { mode: "unordered", retry: { maxAttempts: 3 } },
    });
    expect(flat.name).toBe("Async Flat Map");
  });

  it.each([
    [{ mode: "fast" }, /mode must be "ordered" or "unordered"/u],
    [{ capacity: 0 }, /capacity must be a whole number above 0/u],
    [{ timeout: -1 }, /timeout must be milliseconds/u],
    [{ retry: { maxAttempts: 0, delay: 1 } }, /retry.maxAttempts/u],
    [{ retry: { maxAttempts: 1, delay: 1, multiplier: 0 } }, /retry.multiplier/u],
  ])("refuses %o", (options, message) => {
    expect(() => flightsOf(newEnv()).asyncMap(async () => 1, options as never)).toThrow(message);
  });
});

describe("settings of operators", () => {
  it("stand on the node", () => {
    const env = newEnv();
    const mapped = flightsOf(env)
      .map((f) => f.delay)
      .name("delays")
      .uid("delays")
      .setParallelism(2)
      .setMaxParallelism(64)
      .slotSharingGroup("dear")
      .startNewChain();
    mapped
      .map((n) => n)
      .disableChaining()
      .print()
      .name("out")
      .uid("out")
      .setParallelism(1);
    const [, first, second, sink] = env.getStreamGraph().nodes;
    expect(first).toMatchObject({
      name: "delays",
      uid: "delays",
      uidExplicit: true,
      parallelism: 2,
      maxParallelism: 64,
      slotSharingGroup: "dear",
      chaining: "head",
    });
    expect(second).toMatchObject({ chaining: "never", uidExplicit: false });
    expect(sink).toMatchObject({ name: "out", uid: "out", parallelism: 1 });
    expect(() => mapped.uid(" ")).toThrow(/uid takes a text/u);
    expect(() => mapped.setParallelism(0)).toThrow(/whole number/u);
  });
});

describe("sources", () => {
  it("carry name, type and strategy", () => {
    const env = newEnv();
    const strategy = WatermarkStrategy.forMonotonousTimestamps<Flight>();
    env.fromItems<Flight>([], { type: flight, watermarks: strategy, name: "flights" }).print();
    env.fromSequence(1, 3).print();
    const nodes = env.getStreamGraph().nodes.filter(({ spec }) => spec.kind === "source");
    expect(nodes.map(({ name }) => name)).toEqual(["Source: flights", "Source: sequence source"]);
    expect(nodes[0]!.outputType).toBe(flight);
    expect(specOf(nodes[0]!, "source").watermarks).toBe(strategy);
    expect(() => env.fromSource({} as never, strategy as never)).toThrow(/fromSource takes a source/u);
    expect(() => env.fromItems([], { watermarks: {} as never })).toThrow(/takes a WatermarkStrategy/u);
  });
});
