import { describe, expect, it } from "vitest";
import {
  EventTimeSessionWindows,
  ProcessingTimeSessionWindows,
} from "../../../common/windows/session-windows.ts";
import type { WindowAssigner } from "../../../common/windows/window-assigner.ts";
import type { WindowSpec } from "../../../graph/stream/operator-spec.ts";
import type { Operator, OperatorContext } from "../operator.ts";
import { KeyFirstWindowOperator } from "./key-first-window-operator.ts";
import { SessionWindowOperator } from "./session-window-operator.ts";
import { WindowHarness } from "./testing/window-harness.ts";
import { heapStore } from "./testing/window-job.ts";
import { CONTENTS, windowSpec, type Item } from "./testing/window-specs.ts";

const item = (key: unknown, value: number): Item => ({ key, values: [value] });
const fired = (key: unknown, start: number, end: number, ...values: number[]): unknown => ({
  key,
  start,
  end,
  values,
});

describe.each<[string, (spec: WindowSpec, context: OperatorContext) => Operator]>([
  ["SessionWindowOperator", (spec, context) => new SessionWindowOperator(spec, context)],
  ["KeyFirstWindowOperator", (spec, context) => new KeyFirstWindowOperator(spec, context)],
])("sessions by %s", (_name, create) => {
  const start = (assigner: WindowAssigner<any>, settings: Partial<WindowSpec> = {}): WindowHarness => {
    const spec = windowSpec(assigner, settings);
    return new WindowHarness((context) => create(spec, context), { store: heapStore() });
  };

  it("merge when a record closes the gap, also when they exactly touch", () => {
    const harness = start(EventTimeSessionWindows.withGap(5));
    harness.record(item("a", 1), 0);
    harness.record(item("a", 2), 10);
    harness.record(item("a", 3), 5);
    harness.record(item("a", 4), 16);
    harness.watermark(30);
    expect(harness.take()).toEqual([fired("a", 0, 15, 1, 2, 3), fired("a", 16, 21, 4)]);
  });

  it("have gaps of each record's own", () => {
    const harness = start(EventTimeSessionWindows.withDynamicGap((item: any) => item.values[0]));
    harness.record(item("a", 3), 0);
    harness.record(item("a", 10), 0);
    harness.record(item("a", 1), 9);
    harness.record(item("a", 2), 11);
    harness.watermark(100);
    expect(harness.take()).toEqual([fired("a", 0, 10, 1, 3, 10), fired("a", 11, 13, 2)]);
  });

  it("that have fired fire again as a longer one when a late record extends them", () => {
    const harness = start(EventTimeSessionWindows.withGap(5), { allowedLateness: 20 });
    harness.record(item("a", 1), 0);
    harness.watermark(7);
    harness.record(item("a", 2), 4);
    expect(harness.take()).toEqual([fired("a", 0, 5, 1)]);
    harness.watermark(8);
    expect(harness.take()).toEqual([fired("a", 0, 9, 1, 2)]);
    harness.record(item("a", 3), 1);
    expect(harness.take()).toEqual([fired("a", 0, 9, 1, 2, 3)]);
    harness.watermark(28);
    harness.record(item("a", 4), 1);
    expect(harness.side("late")).toEqual([item("a", 4)]);
    expect(harness.take()).toEqual([]);
  });

  it("follow processing time", () => {
    const harness = start(ProcessingTimeSessionWindows.withGap(10));
    harness.record(item("a", 1), 0);
    harness.advanceTo(8);
    harness.record(item("a", 2), 0);
    harness.advanceTo(17);
    expect(harness.take()).toEqual([]);
    harness.advanceTo(18);
    expect(harness.take()).toEqual([fired("a", 0, 18, 1, 2)]);
  });

  it("merge what was reduced and aggregated", () => {
    for (const contents of [CONTENTS.reduce, CONTENTS.aggregate]) {
      const harness = start(EventTimeSessionWindows.withGap(5), { contents });
      for (const time of [0, 10, 20, 5, 15]) harness.record(item("a", time), time);
      harness.watermark(30);
      expect(harness.take()).toEqual([fired("a", 0, 25, 0, 5, 10, 15, 20)]);
    }
  });

  it("tell the window's function when they are dropped", () => {
    const dropped: unknown[] = [];
    const fn = {
      onWindow: () => {},
      clear: ({ key, window }: { key: unknown; window: unknown }) => void dropped.push([key, window]),
    };
    const contents = { kind: "process", type: undefined, fn } as never;
    const harness = start(EventTimeSessionWindows.withGap(5), { contents, allowedLateness: 10 });
    harness.record(item("a", 1), 0);
    harness.record(item("a", 2), 20);
    harness.watermark(13);
    expect(dropped).toEqual([]);
    harness.watermark(14);
    expect(dropped).toEqual([["a", { kind: "time", start: 0, end: 5 }]]);
    harness.watermark(Infinity);
    expect(dropped).toHaveLength(2);
  });

  it("refuse records without timestamp", () => {
    expect(() => start(EventTimeSessionWindows.withGap(5)).record(item("a", 1), -Infinity)).toThrow(
      "needs event time",
    );
  });

  it("leave nothing behind", () => {
    const store = heapStore();
    const spec = windowSpec(EventTimeSessionWindows.withGap(5), { allowedLateness: 3 });
    const harness = new WindowHarness((context) => create(spec, context), { store });
    for (const time of [0, 3, 20, 9, 14]) harness.record(item("a", time), time);
    harness.record(item("b", 1), 7);
    expect(store.keyCount).toBe(2);
    harness.watermark(Infinity);
    expect(store.keyCount).toBe(0);
  });
});
