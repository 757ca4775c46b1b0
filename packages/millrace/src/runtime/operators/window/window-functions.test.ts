import { describe, expect, it } from "vitest";
import { valueState } from "../../../common/state/descriptors.ts";
import type { ValueStateDescriptor } from "../../../common/state/state.ts";
import type { ProcessWindowFunction } from "../../../common/windows/window-functions.ts";
import { EventTimeSessionWindows } from "../../../common/windows/session-windows.ts";
import { SlidingEventTimeWindows } from "../../../common/windows/sliding-windows.ts";
import { TumblingEventTimeWindows } from "../../../common/windows/tumbling-windows.ts";
import { windowKey, type TimeWindow } from "../../../common/windows/window.ts";
import type { WindowContents, WindowSpec } from "../../../graph/stream/operator-spec.ts";
import type { Operator, OperatorContext } from "../operator.ts";
import { createWindowOperator } from "./create-window-operator.ts";
import { KeyFirstWindowOperator } from "./key-first-window-operator.ts";
import { WindowHarness, type WindowHarnessOptions } from "./testing/window-harness.ts";
import { heapStore } from "./testing/window-job.ts";
import { windowSpec, type Item } from "./testing/window-specs.ts";

const item = (key: unknown, value: number): Item => ({ key, values: [value] });
const side = { "~millrace": "output", id: "side", type: undefined } as const;

function start(
  create: (spec: WindowSpec, context: OperatorContext) => Operator,
  spec: WindowSpec,
  options: Partial<WindowHarnessOptions> = {},
): WindowHarness {
  return new WindowHarness((context) => create(spec, context), { store: heapStore(), ...options });
}

type AnyWindowFunction = ProcessWindowFunction<unknown, any, any, unknown, any, any>;
const process = (fn: AnyWindowFunction): WindowContents => ({
  kind: "process",
  type: undefined,
  fn: fn as never,
});
type CountingFunction = ProcessWindowFunction<
  unknown,
  any,
  any,
  unknown,
  { n: ValueStateDescriptor<number> }
>;
const processCounting = (fn: CountingFunction): WindowContents => process(fn as never);
/** A count, that `fn` gets. */
const counted = (fn: AnyWindowFunction): WindowContents => ({
  kind: "aggregate",
  aggregate: {
    createAccumulator: () => 0,
    add: (count) => (count as number) + 1,
    getResult: (count) => count,
    merge: (a, b) => (a as number) + (b as number),
  },
  output: { kind: "process", fn: fn as never },
});

describe.each([
  ["tables by window", createWindowOperator],
  [
    "state by key and window",
    (spec: WindowSpec, context: OperatorContext) => new KeyFirstWindowOperator(spec, context),
  ],
] as const)("window functions with %s", (_name, create) => {
  const tumbling = (contents: WindowContents, more: Partial<WindowSpec> = {}): WindowSpec =>
    windowSpec(TumblingEventTimeWindows.of(10), { contents, ...more });

  it("see key, window and time, and emit with the window's last timestamp, to side outputs, too", () => {
    const harness = start(
      create,
      tumbling(
        process({
          outputs: { side },
          onWindow(records: Iterable<Item>, context) {
            context.output(side, `side of ${String(context.key)}`);
            const sum = [...records].reduce((sum, { values }) => sum + values[0]!, 0);
            context.collect([
              context.key,
              windowKey(context.window),
              sum,
              context.currentWatermark(),
              context.now(),
              context.timestamp,
            ]);
          },
        }),
      ),
    );
    harness.clock.advanceTo(77);
    harness.record(item("a", 1), 3);
    harness.record(item("a", 2), 4);
    harness.watermark(15);
    expect(harness.emitted).toEqual([
      { kind: "side", tag: "side", value: "side of a", timestamp: 9 },
      { kind: "record", value: ["a", "0:10", 3, 15, 77, 9], timestamp: 9 },
      { kind: "watermark", time: 15 },
    ]);
  });

  it("keep state of the window until they clear it, and state of the key over all windows", () => {
    const state = { n: valueState<number>() };
    const log: unknown[] = [];
    const contents = processCounting({
      state,
      onWindow(_records, { key, windowState, globalState }) {
        windowState.n.update((windowState.n.value() ?? 0) + 1);
        globalState.n.update((globalState.n.value() ?? 0) + 1);
        log.push(["fired", key, windowState.n.value(), globalState.n.value()]);
      },
      clear({ key, window, windowState, globalState }) {
        log.push(["cleared", key, windowKey(window), windowState.n.value(), globalState.n.value()]);
        windowState.n.clear();
      },
    });
    const harness = start(create, tumbling(contents, { allowedLateness: 5 }));
    harness.record(item("a", 1), 1);
    harness.watermark(10);
    harness.record(item("a", 2), 2);
    harness.record(item("a", 3), 12);
    harness.watermark(13);
    expect(log).toEqual([
      ["fired", "a", 1, 1],
      ["fired", "a", 2, 2],
    ]);
    harness.watermark(14);
    expect(log.slice(2)).toEqual([["cleared", "a", "0:10", 2, 2]]);
    harness.watermark(30);
    expect(log.slice(3)).toEqual([
      ["fired", "a", 1, 3],
      ["cleared", "a", "10:20", 1, 3],
    ]);
  });

  it("may combine with an aggregate, which they get alone", () => {
    const fn: AnyWindowFunction = {
      onWindow: (records: Iterable<number>, context) => context.collect([context.key, ...records]),
    };
    const harness = start(create, windowSpec(SlidingEventTimeWindows.of(10, 5), { contents: counted(fn) }));
    harness.record(item("a", 1), 1);
    harness.record(item("a", 1), 6);
    harness.watermark(Infinity);
    expect(harness.take()).toEqual([
      ["a", 1],
      ["a", 2],
      ["a", 1],
    ]);
  });

  it("are opened before the first record, and closed", () => {
    const life: string[] = [];
    const fn: AnyWindowFunction = {
      initializeState: () => void life.push("initialize"),
      open: (context) => void life.push(`open ${context.operatorName}`),
      snapshotState: (id) => void life.push(`snapshot ${id}`),
      onWindow: () => void life.push("window"),
      close: () => void life.push("close"),
    };
    const operatorState = { isRestored: false } as never;
    const harness = start(create, tumbling(process(fn)), { operatorState });
    harness.record(item("a", 1), 1);
    void harness.operator.prepareSnapshot?.(7, false);
    harness.watermark(10);
    void harness.operator.close();
    expect(life).toEqual(["initialize", "open window", "snapshot 7", "window", "close"]);
  });

  it("that throw fail the task with the record at hand, or hand key and window to the policy when they fire", () => {
    const fails: AnyWindowFunction = {
      onWindow(_records, { key }) {
        if (key === "bad") throw new TypeError("no good");
      },
    };
    const harness = start(create, tumbling(process(fails), { allowedLateness: 10 }), { poison: "skip" });
    harness.record(item("bad", 1), 1);
    harness.record(item("good", 1), 1);
    harness.watermark(12);
    expect(harness.poisoned).toEqual([
      {
        message: "no good",
        record: { key: "bad", window: { kind: "time", start: 0, end: 10 } },
        timestamp: 9,
      },
    ]);
    expect(() => harness.record(item("bad", 2), 2)).toThrow("no good");
    const failing = start(create, tumbling(process(fails)));
    failing.record(item("bad", 1), 1);
    expect(() => failing.watermark(12)).toThrow("no good");
  });

  it("that throw while results are made let the other keys go on", () => {
    for (const output of [
      { kind: "bare" },
      {
        kind: "result",
        fn: (key: unknown) => {
          if (key === "worse") throw new TypeError("worse");
          return key;
        },
      },
    ] as const) {
      const contents: WindowContents = {
        kind: "aggregate",
        aggregate: {
          createAccumulator: () => "",
          add: (_accumulator, value) => (value as Item).key,
          getResult(key) {
            if (key === "bad") throw new TypeError("no good");
            return key;
          },
        },
        output,
      };
      const harness = start(create, tumbling(contents), { poison: "skip" });
      for (const key of ["bad", "good", "worse"]) harness.record(item(key, 1), 1);
      harness.watermark(9);
      const results = output.kind === "bare" ? ["good", "worse"] : ["good"];
      expect(harness.take()).toEqual(results);
      expect(harness.poisoned).toHaveLength(3 - results.length);
    }
  });

  it("must be synchronous", () => {
    const promise = (): never => Promise.resolve(1) as never;
    const cases: WindowContents[] = [
      process({ onWindow: promise }),
      counted({ onWindow: promise }),
      { kind: "reduce", reduce: promise, mergeable: false, type: undefined, output: { kind: "bare" } },
      {
        kind: "aggregate",
        aggregate: { createAccumulator: () => 0, add: promise, getResult: (count) => count },
        output: { kind: "bare" },
      },
      {
        kind: "aggregate",
        aggregate: { createAccumulator: () => 0, add: () => 1, getResult: (count) => count },
        output: { kind: "result", fn: promise },
      },
    ];
    for (const contents of cases) {
      const harness = start(create, tumbling(contents));
      expect(() => {
        harness.record(item("a", 1), 1);
        harness.record(item("a", 2), 1);
        harness.watermark(10);
      }).toThrow("must be synchronous");
    }
  });

  it("get results that later records don't change", () => {
    const contents: WindowContents = {
      kind: "aggregate",
      aggregate: {
        createAccumulator: () => ({ values: [] as number[] }),
        add(accumulator, value) {
          (accumulator as { values: number[] }).values.push(...(value as Item).values);
          return accumulator;
        },
        getResult: (accumulator) => accumulator,
        merge(a, b) {
          (a as { values: number[] }).values.push(...(b as { values: number[] }).values);
          return a;
        },
      },
      output: { kind: "bare" },
    };
    for (const assigner of [TumblingEventTimeWindows.of(10), SlidingEventTimeWindows.of(10, 5)]) {
      const harness = start(create, windowSpec(assigner, { contents, allowedLateness: 100 }));
      harness.record(item("a", 1), 6);
      harness.watermark(9);
      harness.record(item("a", 2), 7);
      // What was emitted is frozen here, so that a change to it would have thrown.
      expect(harness.take()).toEqual([{ values: [1] }, { values: [1, 2] }]);
    }
    const all: unknown[] = [];
    const keeps = process({ onWindow: (records) => void all.push(records) });
    const harness = start(create, tumbling(keeps, { allowedLateness: 100 }));
    harness.record(item("a", 1), 1);
    harness.watermark(9);
    harness.record(item("a", 2), 2);
    expect(all).toEqual([[item("a", 1)], [item("a", 1), item("a", 2)]]);
  });

  it("can't change the records that windows keep", () => {
    interface Noted {
      key: string;
      note: string;
      count: number;
    }
    const record: Noted = { key: "a", note: "longer than what V8 copies anyway", count: 1 };
    const changes = (record: unknown): void => void (record as Noted).count++;
    const cases: WindowContents[] = [
      process({ onWindow: (records) => [...records].forEach(changes) }),
      {
        kind: "reduce",
        mergeable: true,
        type: undefined,
        reduce(a) {
          changes(a);
          return a;
        },
        output: { kind: "bare" },
      },
      {
        kind: "reduce",
        mergeable: true,
        type: undefined,
        reduce: (a) => ({ ...(a as Noted) }),
        output: { kind: "process", fn: { onWindow: (records) => [...records].forEach(changes) } },
      },
    ];
    for (const assigner of [TumblingEventTimeWindows.of(10), SlidingEventTimeWindows.of(10, 5)]) {
      for (const contents of cases) {
        const harness = start(create, windowSpec(assigner, { contents }));
        expect(() => {
          harness.record(record, 1);
          harness.record(record, 2);
          harness.watermark(Infinity);
        }).toThrow(/read only property/);
      }
    }
  });

  it("say what is wrong with a fold that answers nothing", () => {
    const nothing: WindowContents = {
      kind: "aggregate",
      aggregate: { createAccumulator: () => 0, add: () => undefined, getResult: (count) => count },
      output: { kind: "bare" },
    };
    expect(() => start(create, tumbling(nothing)).record(item("a", 1), 1)).toThrow(/add.*undefined/);
  });
});

it("windows that merge have no state of their own", () => {
  const contents = processCounting({
    state: { n: valueState<number>() },
    onWindow(_records, context) {
      context.globalState.n.update(1);
      context.collect(context.windowState.n.value());
    },
  });
  const harness = start(createWindowOperator, windowSpec(EventTimeSessionWindows.withGap(5), { contents }));
  harness.record(item("a", 1), 1);
  expect(() => harness.watermark(100)).toThrow("have no windowState");
});

it("a merge that hands out its second argument is refused: other windows still use it", () => {
  const contents: WindowContents = {
    kind: "aggregate",
    aggregate: {
      createAccumulator: () => ({}),
      add: (accumulator) => accumulator,
      getResult: () => 1,
      merge: (_a, b) => b,
    },
    output: { kind: "bare" },
  };
  const harness = start(createWindowOperator, windowSpec(SlidingEventTimeWindows.of(10, 5), { contents }), {
    poison: "skip",
  });
  harness.record(item("a", 1), 1);
  harness.record(item("a", 1), 6);
  harness.record(item("b", 1), 6);
  harness.watermark(9);
  expect(
    harness.poisoned.map(({ message, record }) => [
      message,
      (record as { key: string; window: TimeWindow }).key,
    ]),
  ).toEqual([["an aggregate's merge(a, b) returned b itself, which other windows still use", "a"]]);
  expect(harness.take()).toEqual([1, 1]);
});
