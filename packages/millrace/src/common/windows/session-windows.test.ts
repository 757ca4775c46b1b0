import { describe, expect, it } from "vitest";
import { EventTimeSessionWindows, ProcessingTimeSessionWindows } from "./session-windows.ts";

describe.each([
  {
    name: "EventTimeSessionWindows",
    Windows: EventTimeSessionWindows,
    domain: "event",
    trigger: "EventTimeTrigger",
  },
  {
    name: "ProcessingTimeSessionWindows",
    Windows: ProcessingTimeSessionWindows,
    domain: "processing",
    trigger: "ProcessingTimeTrigger",
  },
])("$name", ({ Windows, domain, trigger }) => {
  it("open a window of the gap at each record", () => {
    expect(Windows.withGap(30).assignWindows(undefined, 100)).toEqual([
      { kind: "time", start: 100, end: 130 },
    ]);
  });

  it("ask the record for its gap", () => {
    const windows = Windows.withDynamicGap((click: { mobile: boolean }) => (click.mobile ? 10 : 30));
    expect(windows.assignWindows({ mobile: true }, 100)).toEqual([{ kind: "time", start: 100, end: 110 }]);
    expect(windows.assignWindows({ mobile: false }, 100)).toEqual([{ kind: "time", start: 100, end: 130 }]);
    expect(windows.shape).toEqual({ kind: "dynamic-session" });
  });

  it("know their shape, time and trigger, which can merge", () => {
    const windows = Windows.withGap(30);
    expect(windows.shape).toEqual({ kind: "session", gap: 30 });
    expect(windows.timeDomain).toBe(domain);
    expect(windows.defaultTrigger().name).toBe(trigger);
    expect(windows.defaultTrigger()).toHaveProperty("onMerge");
  });

  it.each([0, -5, 0.5, Number.NaN, Infinity])("refuse the gap %s", (gap) => {
    expect(() => Windows.withGap(gap)).toThrow(/the gap must be a whole number of milliseconds above 0/u);
  });

  it.each([0, -5, Number.NaN, Infinity, "30"])("refuse the gap %s of a record", (gap) => {
    const windows = Windows.withDynamicGap(() => gap as number);
    expect(() => windows.assignWindows({}, 1)).toThrow(/the gap of a session must be milliseconds above 0/u);
  });
});
