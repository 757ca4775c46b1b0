import { describe, expect, it } from "vitest";
import { reducingState, valueState } from "../../../common/state/descriptors.ts";
import { ContinuousEventTimeTrigger } from "../../../common/windows/continuous-event-time-trigger.ts";
import { CountEvictor } from "../../../common/windows/count-evictor.ts";
import { CountTrigger } from "../../../common/windows/count-trigger.ts";
import { DeltaEvictor } from "../../../common/windows/delta-evictor.ts";
import { DeltaTrigger } from "../../../common/windows/delta-trigger.ts";
import { EventTimeTrigger } from "../../../common/windows/event-time-trigger.ts";
import { GlobalWindows } from "../../../common/windows/global-windows.ts";
import { ProcessingTimeTrigger } from "../../../common/windows/processing-time-trigger.ts";
import { PurgingTrigger } from "../../../common/windows/purging-trigger.ts";
import { EventTimeSessionWindows } from "../../../common/windows/session-windows.ts";
import { TimeEvictor } from "../../../common/windows/time-evictor.ts";
import type { Trigger } from "../../../common/windows/trigger.ts";
import {
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
} from "../../../common/windows/tumbling-windows.ts";
import type { WindowAssigner } from "../../../common/windows/window-assigner.ts";
import { timeWindow, windowKey, type TimeWindow } from "../../../common/windows/window.ts";
import type { WindowSpec } from "../../../graph/stream/operator-spec.ts";
import type { Operator, OperatorContext } from "../operator.ts";
import { handleContents } from "../../state/testing/handle-contents.ts";
import { takeSnapshot } from "../../state/testing/take-snapshot.ts";
import { KeyFirstWindowOperator } from "./key-first-window-operator.ts";
import { WindowHarness, type WindowHarnessOptions } from "./testing/window-harness.ts";
import { heapStore } from "./testing/window-job.ts";
import { CONTENTS, windowSpec } from "./testing/window-specs.ts";

function start(
  assigner: unknown,
  settings: Partial<WindowSpec> = {},
  options: Partial<WindowHarnessOptions> = {},
): WindowHarness {
  const spec = windowSpec(assigner as WindowAssigner<never>, settings);
  const create = (context: OperatorContext): Operator => new KeyFirstWindowOperator(spec, context);
  return new WindowHarness(create, { store: heapStore(), ...options });
}

/** A record of a key; the value is its number. */
const item = (key: unknown, value: number): unknown => ({ key, values: [value] });
const fired = (
  key: unknown,
  start: number | undefined,
  end: number | undefined,
  ...values: number[]
): unknown => ({
  key,
  start,
  end,
  values,
});
const everything = (key: unknown, ...values: number[]): unknown =>
  fired(key, undefined, undefined, ...values);

describe("triggers", () => {
  it("count: fires with all contents, and starts counting anew for each key", () => {
    const harness = start(GlobalWindows.create(), { trigger: CountTrigger.of(2) });
    for (const value of [1, 2, 3, 4]) harness.record(item("a", value), 0);
    harness.record(item("b", 9), 0);
    expect(harness.take()).toEqual([everything("a", 1, 2), everything("a", 1, 2, 3, 4)]);
  });

  it("purging: contents are gone after each firing", () => {
    const trigger = PurgingTrigger.of(CountTrigger.of(2)) as Trigger<unknown>;
    const harness = start(GlobalWindows.create(), { trigger });
    for (const value of [1, 2, 3, 4]) harness.record(item("a", value), 0);
    expect(harness.take()).toEqual([everything("a", 1, 2), everything("a", 3, 4)]);
  });

  it("purging at the window's end: a late record within lateness fires alone", () => {
    const trigger = PurgingTrigger.of(EventTimeTrigger.create());
    const harness = start(TumblingEventTimeWindows.of(10), { trigger, allowedLateness: 10 });
    harness.record(item("a", 1), 5);
    harness.watermark(12);
    harness.record(item("a", 2), 6);
    expect(harness.take()).toEqual([fired("a", 0, 10, 1), fired("a", 0, 10, 2)]);
  });

  it("continuous: fires at each interval of event time, and at the end", () => {
    const harness = start(TumblingEventTimeWindows.of(30), { trigger: ContinuousEventTimeTrigger.of(10) });
    harness.record(item("a", 1), 5);
    harness.watermark(10);
    expect(harness.take()).toEqual([fired("a", 0, 30, 1)]);
    harness.record(item("a", 2), 12);
    harness.watermark(20);
    harness.watermark(29);
    expect(harness.take()).toEqual([fired("a", 0, 30, 1, 2), fired("a", 0, 30, 1, 2)]);
  });

  it("delta: fires when a record is far enough from the last that fired", () => {
    const trigger = DeltaTrigger.of<any>(10, (earlier, value) => value.values[0] - earlier.values[0]);
    const harness = start(GlobalWindows.create(), { trigger });
    for (const value of [1, 5, 12, 20, 23]) harness.record(item("a", value), 0);
    expect(harness.take()).toEqual([everything("a", 1, 5, 12), everything("a", 1, 5, 12, 20, 23)]);
  });

  it("at the end of stream: fires with the last watermark", () => {
    const harness = start(GlobalWindows.createWithEndOfStreamTrigger());
    harness.record(item("a", 1), 5);
    harness.watermark(1e9);
    expect(harness.take()).toEqual([]);
    harness.watermark(Infinity);
    expect(harness.take()).toEqual([everything("a", 1)]);
  });

  it("processing time in event-time windows: fires by the clock, cleans up by the watermark", () => {
    const harness = start(TumblingEventTimeWindows.of(10), { trigger: ProcessingTimeTrigger.create() });
    harness.record(item("a", 1), 5);
    harness.advanceTo(9);
    expect(harness.take()).toEqual([]);
    harness.advanceTo(10);
    expect(harness.take()).toEqual([fired("a", 0, 10, 1)]);
    harness.watermark(9);
    harness.record(item("a", 2), 5);
    expect(harness.side("late")).toEqual([item("a", 2)]);
  });

  it("of both times: the clock waits for the watermark's firing to be done", () => {
    const both: Trigger<unknown> = {
      name: "Both",
      onRecord(_value, _timestamp, _window, context) {
        context.registerProcessingTimeTimer(5);
        context.registerEventTimeTimer(5);
        return "continue";
      },
      onEventTime: () => "fire",
      onProcessingTime: () => "fire",
      clear: () => {},
    };
    const harness = start(TumblingEventTimeWindows.of(10), { trigger: both }, { blocks: () => true });
    harness.record(item("a", 1), 1);
    harness.record(item("b", 2), 1);
    harness.watermarkNow(5);
    harness.clock.advanceTo(6);
    harness.runMails();
    expect(harness.emitted).toHaveLength(1);
    harness.settle();
    const order = harness.emitted.map((out) =>
      out.kind === "record" ? (out.value as { key: string }).key : out.kind,
    );
    expect(order).toEqual(["a", "b", "watermark", "a", "b"]);
  });

  it("keeps a trigger's own state and timers by key and window, and lets it clear them", () => {
    const seen = reducingState((a: number, b: number) => a + b, undefined, { name: "seen" });
    const cleared: string[] = [];
    const trigger: Trigger<unknown> = {
      name: "EveryOther",
      onRecord(_value, _timestamp, window, context) {
        const state = context.getState(seen);
        state.add(1);
        context.registerEventTimeTimer((window as TimeWindow).start + 3);
        return state.get()! % 2 === 0 ? "fire" : "continue";
      },
      onEventTime: () => "fireAndPurge",
      onProcessingTime: () => "continue",
      clear(window, context) {
        cleared.push(`${windowKey(window)} ${context.getState(seen).get()}`);
        context.getState(seen).clear();
      },
    };
    const harness = start(TumblingEventTimeWindows.of(10), { trigger });
    harness.record(item("a", 1), 1);
    harness.record(item("b", 2), 1);
    harness.record(item("a", 3), 11);
    harness.record(item("a", 4), 2);
    expect(harness.take()).toEqual([fired("a", 0, 10, 1, 4)]);
    harness.watermark(3);
    expect(harness.take()).toEqual(expect.arrayContaining([fired("a", 0, 10, 1, 4), fired("b", 0, 10, 2)]));
    harness.watermark(9);
    // Purged at 3, so that nothing is left to fire at the clean-up.
    expect(harness.take()).toEqual([]);
    expect(cleared.toSorted()).toEqual(["0:10 1", "0:10 2"]);
  });
});

describe("evictors", () => {
  it("count: the window's function sees the last records, and only they stay", () => {
    const harness = start(GlobalWindows.create(), {
      trigger: CountTrigger.of(2),
      evictor: CountEvictor.of(3),
    });
    for (const value of [1, 2, 3, 4, 5, 6]) harness.record(item("a", value), value);
    expect(harness.take()).toEqual([
      everything("a", 1, 2),
      everything("a", 2, 3, 4),
      everything("a", 4, 5, 6),
    ]);
  });

  it("count, after the function: it sees all that came since", () => {
    const evictor = CountEvictor.of(1, { evictAfter: true });
    const harness = start(GlobalWindows.create(), { trigger: CountTrigger.of(2), evictor });
    for (const value of [1, 2, 3, 4]) harness.record(item("a", value), value);
    expect(harness.take()).toEqual([everything("a", 1, 2), everything("a", 2, 3, 4)]);
  });

  it("time: records much older than the latest go", () => {
    const harness = start(GlobalWindows.create(), {
      trigger: CountTrigger.of(3),
      evictor: TimeEvictor.of(10),
    });
    for (const time of [1, 12, 15]) harness.record(item("a", time), time);
    expect(harness.take()).toEqual([everything("a", 12, 15)]);
  });

  it("delta: records too far from the last go", () => {
    const evictor = DeltaEvictor.of<any>(5, (value, last) => last.values[0] - value.values[0]);
    const harness = start(GlobalWindows.create(), { trigger: CountTrigger.of(3), evictor });
    for (const value of [1, 6, 8]) harness.record(item("a", value), 0);
    expect(harness.take()).toEqual([everything("a", 6, 8)]);
  });

  it("fold what stays, for reduce and aggregate", () => {
    for (const contents of [CONTENTS.reduce, CONTENTS.aggregate]) {
      const harness = start(TumblingEventTimeWindows.of(10), { evictor: CountEvictor.of(2), contents });
      for (const value of [1, 2, 3]) harness.record(item("a", value), value);
      harness.watermark(9);
      expect(harness.take()).toEqual([fired("a", 0, 10, 2, 3)]);
    }
  });

  it("may leave nothing: an aggregate of nothing is emitted, a reduced nothing is not", () => {
    const run = (contents: WindowSpec["contents"]): unknown[] => {
      const harness = start(TumblingEventTimeWindows.of(10), { evictor: CountEvictor.of(0), contents });
      harness.record(item("a", 1), 1);
      harness.watermark(9);
      return harness.take();
    };
    expect(run(CONTENTS.aggregate)).toEqual([fired("a", 0, 10)]);
    expect(run(CONTENTS.reduce)).toEqual([]);
  });

  it("work in sessions", () => {
    const harness = start(EventTimeSessionWindows.withGap(5), { evictor: CountEvictor.of(2) });
    for (const time of [1, 10, 4, 7]) harness.record(item("a", time), time);
    harness.watermark(20);
    expect((harness.take() as { values: number[] }[]).map(({ values }) => values.length)).toEqual([2]);
  });
});

describe("sessions with a trigger", () => {
  it("merge their triggers' state, and remove timers of what they were", () => {
    const merged: string[] = [];
    const fires: string[] = [];
    const inner = CountTrigger.of(3);
    const trigger: Trigger<unknown> = {
      name: "Watched",
      onRecord: (value, timestamp, window, context) => {
        context.registerEventTimeTimer((window as TimeWindow).end - 1);
        return inner.onRecord(value, timestamp, window, context);
      },
      onEventTime: (time, window) => {
        fires.push(`${windowKey(window)} at ${time}`);
        return "continue";
      },
      onProcessingTime: () => "continue",
      clear: (window, context) => {
        context.deleteEventTimeTimer((window as TimeWindow).end - 1);
        inner.clear(window, context);
      },
      onMerge: (window, context) => {
        merged.push(windowKey(window));
        inner.onMerge(window, context);
      },
    };
    const harness = start(EventTimeSessionWindows.withGap(5), { trigger });
    harness.record(item("a", 1), 0);
    harness.record(item("a", 2), 8);
    harness.record(item("a", 3), 4);
    expect(harness.take()).toEqual([fired("a", 0, 13, 1, 2, 3)]);
    expect(merged).toEqual(["0:13"]);
    harness.watermark(100);
    expect(fires).toEqual(["0:13 at 12"]);
  });

  it("ask no trigger about windows that have become others, though it left timers behind", () => {
    const asked: string[] = [];
    const trigger: Trigger<unknown> = {
      name: "Untidy",
      onRecord(_value, _timestamp, window, context) {
        context.registerEventTimeTimer((window as TimeWindow).start + 1);
        return "continue";
      },
      onEventTime(_time, window) {
        asked.push(windowKey(window));
        return "fire";
      },
      onProcessingTime: () => "continue",
      clear: () => {},
      onMerge: () => {},
    };
    const harness = start(EventTimeSessionWindows.withGap(5), { trigger });
    harness.record(item("a", 1), 10);
    harness.record(item("a", 2), 8);
    harness.watermark(11);
    expect(asked).toEqual(["8:15"]);
  });

  it("have timers for their end and their clean-up, and none for what they were", async () => {
    const store = heapStore();
    const spec = windowSpec(EventTimeSessionWindows.withGap(5), { allowedLateness: 3 });
    const harness = new WindowHarness((context) => new KeyFirstWindowOperator(spec, context), { store });
    for (const time of [0, 3, 6, 20, 22]) harness.record(item("a", time), time);
    const contents = Object.entries(handleContents(await takeSnapshot(store)));
    const timers = contents.filter(([line]) => line.includes(" event-timers "));
    expect(timers.map(([, content]) => content)).toEqual([
      ["10/0:11", "13/0:11", "26/20:27", "29/20:27"].map((timer) => [timer, true]),
    ]);
  });
});

describe("any other windows", () => {
  it("custom assigners, whose windows may be of any length", () => {
    const byValue: WindowAssigner<any, TimeWindow> = {
      "~millrace": "windows",
      shape: { kind: "custom", name: "byValue", merging: false },
      timeDomain: "event",
      assignWindows: (value) => value.values.map((length: number) => timeWindow(0, length)),
      defaultTrigger: () => EventTimeTrigger.create(),
    };
    const harness = start(byValue);
    harness.record({ key: "a", values: [5, 10] }, 0);
    harness.record({ key: "a", values: [] }, 0);
    harness.watermark(4);
    harness.record({ key: "a", values: [] }, -1);
    harness.watermark(9);
    expect(harness.take()).toEqual([fired("a", 0, 5, 5, 10), fired("a", 0, 10, 5, 10)]);
    // Of no window, and only late where its time is: as in Flink.
    expect(harness.lateDropped).toBe(0);
  });

  it("tumbling windows of processing time, with a trigger of their own", () => {
    const trigger = PurgingTrigger.of(ProcessingTimeTrigger.create());
    const harness = start(TumblingProcessingTimeWindows.of(10), { trigger });
    harness.record(item("a", 1), -Infinity);
    harness.advanceTo(9);
    harness.record(item("a", 2), -Infinity);
    harness.advanceTo(10);
    harness.record(item("a", 3), -Infinity);
    harness.advanceTo(25);
    expect(harness.take()).toEqual([fired("a", 0, 10, 1, 2), fired("a", 10, 20, 3)]);
  });

  it("refuses merging assigners that assign the global window", () => {
    const broken: WindowAssigner<unknown> = {
      "~millrace": "windows",
      shape: { kind: "custom", name: "broken", merging: true },
      timeDomain: "event",
      assignWindows: () => [{ kind: "global" }],
      defaultTrigger: () => EventTimeTrigger.create(),
    };
    expect(() => start(broken).record(item("a", 1), 0)).toThrow("must assign time windows");
  });

  it("names the state that a trigger forgot to name", () => {
    const unnamed = valueState<number>();
    const trigger: Trigger<unknown> = {
      name: "Unnamed",
      onRecord: (_value, _timestamp, _window, context) =>
        context.getState(unnamed).value() === 1 ? "fire" : "continue",
      onEventTime: () => "continue",
      onProcessingTime: () => "continue",
      clear: () => {},
    };
    expect(() => start(GlobalWindows.create(), { trigger }).record(item("a", 1), 0)).toThrow(
      "a value state needs a name",
    );
  });
});
