import { describe, expect, it } from "vitest";
import { CountEvictor } from "../../../common/windows/count-evictor.ts";
import { CountTrigger } from "../../../common/windows/count-trigger.ts";
import { DeltaTrigger } from "../../../common/windows/delta-trigger.ts";
import { EventTimeTrigger } from "../../../common/windows/event-time-trigger.ts";
import { ProcessingTimeTrigger } from "../../../common/windows/processing-time-trigger.ts";
import { PurgingTrigger } from "../../../common/windows/purging-trigger.ts";
import { GlobalWindows } from "../../../common/windows/global-windows.ts";
import {
  EventTimeSessionWindows,
  ProcessingTimeSessionWindows,
} from "../../../common/windows/session-windows.ts";
import {
  SlidingEventTimeWindows,
  SlidingProcessingTimeWindows,
} from "../../../common/windows/sliding-windows.ts";
import {
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
} from "../../../common/windows/tumbling-windows.ts";
import type { WindowContents, WindowSpec } from "../../../graph/stream/operator-spec.ts";
import { AlignedWindowOperator } from "./aligned-window-operator.ts";
import { createWindowOperator } from "./create-window-operator.ts";
import { KeyFirstWindowOperator } from "./key-first-window-operator.ts";
import { SessionWindowOperator } from "./session-window-operator.ts";
import { SlicedWindowOperator } from "./sliced-window-operator.ts";
import { WindowHarness } from "./testing/window-harness.ts";
import { heapStore } from "./testing/window-job.ts";
import { CONTENTS, windowSpec } from "./testing/window-specs.ts";

const layoutOf = (spec: WindowSpec): unknown =>
  new WindowHarness((context) => createWindowOperator(spec, context), { store: heapStore() }).operator
    .constructor;

const { aggregate } = CONTENTS;
const unmergeable: WindowContents = {
  kind: "aggregate",
  aggregate: { createAccumulator: () => 0, add: () => 1, getResult: () => 1 },
  output: { kind: "bare" },
};
const tumbling = TumblingEventTimeWindows.of(10);
const sliding = SlidingEventTimeWindows.of(10, 5);
const session = EventTimeSessionWindows.withGap(10);

describe("createWindowOperator", () => {
  it.each<[string, WindowSpec, unknown]>([
    ["tumbling windows", windowSpec(tumbling), AlignedWindowOperator],
    [
      "tumbling windows of an aggregate",
      windowSpec(tumbling, { contents: aggregate }),
      AlignedWindowOperator,
    ],
    [
      "tumbling windows of processing time",
      windowSpec(TumblingProcessingTimeWindows.of(10)),
      AlignedWindowOperator,
    ],
    [
      "their default trigger, given",
      windowSpec(tumbling, { trigger: EventTimeTrigger.create() }),
      AlignedWindowOperator,
    ],
    [
      "the other time's trigger",
      windowSpec(tumbling, { trigger: ProcessingTimeTrigger.create() }),
      KeyFirstWindowOperator,
    ],
    [
      "a purging trigger",
      windowSpec(tumbling, { trigger: PurgingTrigger.of(EventTimeTrigger.create()) }),
      KeyFirstWindowOperator,
    ],
    ["an evictor", windowSpec(tumbling, { evictor: CountEvictor.of(1) }), KeyFirstWindowOperator],
    [
      "sliding windows of an aggregate with merge",
      windowSpec(sliding, { contents: aggregate }),
      SlicedWindowOperator,
    ],
    [
      "sliding windows of processing time, the same",
      windowSpec(SlidingProcessingTimeWindows.of(10, 3), { contents: aggregate }),
      SlicedWindowOperator,
    ],
    [
      "sliding windows that don't overlap",
      windowSpec(SlidingEventTimeWindows.of(5, 5), { contents: aggregate }),
      AlignedWindowOperator,
    ],
    [
      "sliding windows of an aggregate without merge",
      windowSpec(sliding, { contents: unmergeable }),
      AlignedWindowOperator,
    ],
    [
      "sliding windows of a marked reduce",
      windowSpec(sliding, { contents: CONTENTS.reduce }),
      SlicedWindowOperator,
    ],
    [
      "sliding windows of a reduce",
      windowSpec(sliding, { contents: { ...CONTENTS.reduce, mergeable: false } as WindowContents }),
      AlignedWindowOperator,
    ],
    ["sliding windows of all records", windowSpec(sliding), AlignedWindowOperator],
    [
      "sliding windows whose function clears what it kept",
      windowSpec(sliding, {
        contents: {
          kind: "reduce",
          reduce: (a) => a,
          mergeable: true,
          type: undefined,
          output: { kind: "process", fn: { onWindow: () => {}, clear: () => {} } },
        },
      }),
      AlignedWindowOperator,
    ],
    ["sessions", windowSpec(session), SessionWindowOperator],
    [
      "sessions of processing time",
      windowSpec(ProcessingTimeSessionWindows.withGap(5)),
      SessionWindowOperator,
    ],
    [
      "sessions of dynamic gaps",
      windowSpec(EventTimeSessionWindows.withDynamicGap(() => 5)),
      SessionWindowOperator,
    ],
    ["sessions with a trigger", windowSpec(session, { trigger: CountTrigger.of(2) }), KeyFirstWindowOperator],
    [
      "sessions with an evictor",
      windowSpec(session, { evictor: CountEvictor.of(2) }),
      KeyFirstWindowOperator,
    ],
    ["global windows", windowSpec(GlobalWindows.create()), KeyFirstWindowOperator],
  ])("%s", (_name, spec, layout) => {
    expect(layoutOf(spec)).toBe(layout);
  });

  it("refuses sessions whose trigger or aggregate can't merge", () => {
    const trigger = DeltaTrigger.of(1, () => 0);
    expect(() => layoutOf(windowSpec(session, { trigger }))).toThrow(
      "its trigger DeltaTrigger(1) has no onMerge",
    );
    expect(() => layoutOf(windowSpec(session, { contents: unmergeable }))).toThrow(
      "its aggregate has no merge",
    );
    const evictor = CountEvictor.of(1);
    expect(layoutOf(windowSpec(session, { contents: unmergeable, evictor }))).toBe(KeyFirstWindowOperator);
  });
});
