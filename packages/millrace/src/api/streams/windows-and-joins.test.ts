import { describe, expect, it } from "vitest";
import { outputTag } from "../../common/outputs/create-output-tag.ts";
import { minutes } from "../../common/time/durations.ts";
import { Types } from "../../common/types/types.ts";
import { CountEvictor } from "../../common/windows/count-evictor.ts";
import { DeltaTrigger } from "../../common/windows/delta-trigger.ts";
import { EventTimeSessionWindows } from "../../common/windows/session-windows.ts";
import { TumblingEventTimeWindows } from "../../common/windows/tumbling-windows.ts";
import {
  collecting,
  flight,
  flightsOf,
  graphOf,
  newEnv,
  operatorOf,
  specOf,
  type Flight,
} from "./testing/recorded-graph.ts";

describe("windows", () => {
  const tumbling = TumblingEventTimeWindows.of(minutes(5));

  it("record assigner, trigger, evictor and lateness, each stream on its own", () => {
    const env = newEnv();
    const windowed = flightsOf(env).keyBy("origin").window(tumbling);
    const late = windowed.allowedLateness(minutes(1)).evictor(CountEvictor.of(3)).sideOutputLateData();
    late.aggregate((a) => ({ n: a.count() })).sideOutputs.late.print();
    windowed.reduce((a) => a, { mergeable: true }).print();
    late.sum("delay").print();
    const windows = env.getStreamGraph().nodes.filter(({ spec }) => spec.kind === "window");
    expect(specOf(windows[0]!, "window")).toMatchObject({
      assigner: tumbling,
      trigger: undefined,
      evictor: { name: "CountEvictor(3)" },
      allowedLateness: 60_000,
      lateOutput: { id: "late", type: flight },
      contents: { kind: "aggregate", output: { kind: "bare" } },
    });
    expect(specOf(windows[1]!, "window")).toMatchObject({
      evictor: undefined,
      allowedLateness: 0,
      lateOutput: undefined,
      contents: { kind: "reduce", mergeable: true, type: flight, output: { kind: "bare" } },
    });
    expect(windows[1]!.outputType).toBe(flight);
  });

  it("make records of results by functions and process functions", () => {
    const graph = graphOf((flights) => {
      const windowed = flights.keyBy("origin").window(tumbling);
      return [
        windowed.aggregate(
          (a) => a.count(),
          (key, window, n) => ({ key, at: window.start, n }),
        ),
        windowed.aggregate((a) => a.count(), {
          outputs: { busy: outputTag<string>("busy") },
          onWindow: ([n], ctx) => ({ key: ctx.key, n }),
        }),
        windowed.apply((key, _window, records) => [...records].map((f) => [key, f.delay])),
      ];
    });
    const [first, second, third] = graph.nodes
      .filter(({ spec }) => spec.kind === "window")
      .map((node) => specOf(node, "window").contents);
    expect(first).toMatchObject({ kind: "aggregate", output: { kind: "result" } });
    expect(second).toMatchObject({ kind: "aggregate", output: { kind: "process" } });
    expect(third).toMatchObject({ kind: "process", type: flight });
    const { out, context } = collecting();
    if (third?.kind === "process")
      third.fn.onWindow([{ delay: 1 }, { delay: 2 }], { ...context, key: "JFK", window: {} } as never);
    expect(out).toEqual([
      ["JFK", 1],
      ["JFK", 2],
    ]);
  });

  it("over all records run in one subtask, by one key, and hand over no key", () => {
    const node = operatorOf((flights) =>
      flights.windowAll(tumbling).aggregate(
        (a) => a.count(),
        (window, n) => [window, n],
      ),
    );
    expect(node).toMatchObject({ parallelism: 1, maxParallelism: 1 });
    expect(node.inputs[0]!.partitioner.kind).toBe("hash");
    const { contents, keySelector } = specOf(node, "window");
    expect(keySelector({ origin: "JFK" })).toBe(keySelector({ origin: "LAX" }));
    expect(
      contents.kind === "aggregate" && contents.output.kind === "result" && contents.output.fn(0, "w", 3),
    ).toEqual(["w", 3]);
  });

  it("by count purge, or keep the last records", () => {
    const graph = graphOf((flights) => [
      flights.keyBy("origin").countWindow(10).sum("delay"),
      flights.keyBy("origin").countWindow(10, 2).sum("delay"),
    ]);
    const specs = graph.nodes
      .filter(({ spec }) => spec.kind === "window")
      .map((node) => specOf(node, "window"));
    expect(specs.map(({ trigger, evictor }) => [trigger?.name, evictor?.name])).toEqual([
      ["PurgingTrigger(CountTrigger(10))", undefined],
      ["CountTrigger(2)", "CountEvictor(10)"],
    ]);
    expect(() => flightsOf(newEnv()).keyBy("origin").countWindow(0)).toThrow(
      /countWindow takes whole numbers/u,
    );
  });

  it("refuse what session windows can't merge", () => {
    const sessions = flightsOf(newEnv()).keyBy("origin").window(EventTimeSessionWindows.withGap(10));
    expect(() => sessions.trigger(DeltaTrigger.of(1, () => 0)).sum("delay")).toThrow(
      /which DeltaTrigger\(1\) can't/u,
    );
    expect(() => sessions.aggregate((a) => a.first())).toThrow(/which this aggregate can't/u);
    expect(() => sessions.allowedLateness(-1)).toThrow(/0 or more/u);
  });
});

describe("joins", () => {
  it("tag both sides, key them by their own selectors, and pair them", () => {
    const graph = graphOf((flights, env) => {
      const weather = env.fromItems([{ airport: "JFK", rain: 1 }], {
        type: Types.object({ airport: Types.string, rain: Types.int }),
      });
      const joined = flights
        .join(weather)
        .where((f) => f.origin)
        .equalTo((w) => w.airport)
        .window(TumblingEventTimeWindows.of(10));
      const grouped = flights
        .coGroup(weather)
        .where((f) => f.origin)
        .equalTo((w) => w.airport)
        .window(TumblingEventTimeWindows.of(10));
      return [
        joined.apply((f, w, key) => `${key} ${f.delay} ${w.rain}`),
        grouped.apply((fs, ws, key, window) => ({ key, n: fs.length, m: ws.length, window })),
      ];
    });
    const [join, group] = graph.nodes.filter(({ spec }) => spec.kind === "window");
    const { keySelector, contents } = specOf(join!, "window");
    expect(join!.inputs.map(({ partitioner }) => partitioner.kind)).toEqual(["hash", "hash"]);
    const [first, second] = join!.inputs.map(({ source }) => graph.nodes[source]!);
    const records = [
      specOf(first!, "map").fn({ origin: "JFK", delay: 3 }),
      specOf(second!, "map").fn({ airport: "JFK", rain: 9 }),
    ];
    expect(records.map(keySelector)).toEqual(["JFK", "JFK"]);
    expect(first!.outputType?.description.kind).toBe("union");
    const { out, context } = collecting();
    const fire = { ...context, key: "JFK", window: "w" } as never;
    if (contents.kind === "process") contents.fn.onWindow([...records, records[0]], fire);
    const groups = specOf(group!, "window").contents;
    if (groups.kind === "process") groups.fn.onWindow([records[1]], fire);
    expect(out).toEqual(["JFK 3 9", "JFK 3 9", { key: "JFK", n: 0, m: 1, window: "w" }]);
  });

  it("give assigners that look at records the user's own", () => {
    const node = operatorOf((flights) => {
      const sessions = EventTimeSessionWindows.withDynamicGap((f: Flight) => f.delay);
      return flights
        .join(flights)
        .where((f) => f.origin)
        .equalTo((f) => f.origin)
        .window(sessions)
        .apply((a) => a.delay);
    });
    const windows = specOf(node, "window").assigner.assignWindows({ side: 1, value: { delay: 7 } }, 100);
    expect(windows).toEqual([{ kind: "time", start: 100, end: 107 }]);
  });

  it("by intervals, with their bounds", () => {
    const late = outputTag<Flight>("late");
    const node = operatorOf((flights) => {
      const keyed = flights.keyBy("origin");
      return keyed
        .intervalJoin(keyed)
        .between(-5, 10)
        .lowerBoundExclusive()
        .sideOutputRightLateData(late)
        .join((a, b, key) => [key, a.delay, b.delay]);
    });
    const spec = specOf(node, "intervalJoin");
    expect(spec).toMatchObject({
      lower: -5,
      upper: 10,
      lowerInclusive: false,
      upperInclusive: true,
      lateOutputs: [undefined, late],
    });
    const { out, context } = collecting();
    spec.join({ origin: "JFK", delay: 1 }, { delay: 2 }, { timestamp: 3, ...context });
    expect(out).toEqual([["JFK", 1, 2]]);
    const keyed = flightsOf(newEnv()).keyBy("origin");
    expect(() => keyed.intervalJoin(keyed).between(10, 5)).toThrow(
      /the lower bound not above the upper one, got 10 and 5/u,
    );
  });
});
