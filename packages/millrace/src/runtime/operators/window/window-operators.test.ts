import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EventTimeSessionWindows } from "../../../common/windows/session-windows.ts";
import { SlidingEventTimeWindows } from "../../../common/windows/sliding-windows.ts";
import { TumblingEventTimeWindows } from "../../../common/windows/tumbling-windows.ts";
import type { WindowAssigner } from "../../../common/windows/window-assigner.ts";
import type { TimeWindow } from "../../../common/windows/window.ts";
import type { WindowSpec } from "../../../graph/stream/operator-spec.ts";
import type { Operator, OperatorContext } from "../operator.ts";
import { AlignedWindowOperator } from "./aligned-window-operator.ts";
import { KeyFirstWindowOperator } from "./key-first-window-operator.ts";
import { SessionWindowOperator } from "./session-window-operator.ts";
import { SlicedWindowOperator } from "./sliced-window-operator.ts";
import { sorted, windowOracle, type Segment, type WindowEvent } from "./testing/window-oracle.ts";
import { ownerOf, WindowJob } from "./testing/window-job.ts";
import { CONTENTS, windowSpec } from "./testing/window-specs.ts";
import { foldOptions } from "./fold-options.ts";
import { sliceFold } from "./create-fold.ts";
import { WindowGeometry } from "./window-geometry.ts";

/** Of each property. */
const RUNS = 30;

type Create = (spec: WindowSpec, context: OperatorContext) => Operator;

const geometryOf = ({ assigner: { shape } }: WindowSpec): WindowGeometry =>
  WindowGeometry.of(shape as Parameters<typeof WindowGeometry.of>[0]);
const aligned: Create = (spec, context) => new AlignedWindowOperator(spec, context, geometryOf(spec));
const sliced: Create = (spec, context) =>
  new SlicedWindowOperator(spec, context, geometryOf(spec), sliceFold(spec.contents, foldOptions(context))!);
const sessions: Create = (spec, context) => new SessionWindowOperator(spec, context);
const keyFirst: Create = (spec, context) => new KeyFirstWindowOperator(spec, context);

/** Records around slowly rising watermarks, some of them late, of a few keys of different kinds. */
const events: fc.Arbitrary<readonly WindowEvent[]> = fc
  .array(
    fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({
          key: fc.constantFrom(1, 2, "a", "b", 2.5, [1, "x"]),
          at: fc.integer({ min: -25, max: 25 }),
        }),
      },
      { weight: 1, arbitrary: fc.record({ step: fc.integer({ min: 0, max: 20 }) }) },
    ),
    { maxLength: 60 },
  )
  .map((drawn) => {
    let now = 0;
    const made = drawn.map((event, value): WindowEvent => {
      if ("key" in event) return { kind: "record", key: event.key, value, timestamp: now + event.at };
      now += event.step;
      return { kind: "watermark", time: now };
    });
    return [...made, { kind: "watermark", time: Infinity }];
  });
const lateness = fc.constantFrom(0, 0, 1, 7, 30);
const rescales = fc
  .uniqueArray(fc.tuple(fc.nat(60), fc.integer({ min: 1, max: 4 })), { maxLength: 2, selector: ([at]) => at })
  .map((pairs) => new Map(pairs));
/** After which emissions the flow blocks, in turn. */
const blocking = fc.array(fc.boolean(), { minLength: 1, maxLength: 6 });

interface Scenario {
  readonly assigner: WindowAssigner<never>;
  readonly expected: Parameters<typeof windowOracle>[1];
}

const tumbling = fc
  .record({ size: fc.integer({ min: 1, max: 20 }), offset: fc.nat(19), lateness })
  .map(({ size, offset, lateness }): Scenario => {
    const assigner = TumblingEventTimeWindows.of(size, offset % size);
    return { assigner, expected: expectedOf(assigner, lateness) };
  });
const sliding = fc
  .record({
    size: fc.integer({ min: 1, max: 20 }),
    slide: fc.integer({ min: 1, max: 20 }),
    offset: fc.nat(19),
    lateness,
  })
  .map(({ size, slide, offset, lateness }): Scenario => {
    const assigner = SlidingEventTimeWindows.of(size, slide, offset % slide);
    return { assigner, expected: expectedOf(assigner, lateness) };
  });
const overlapping = sliding.filter(
  ({ assigner: { shape } }) => shape.kind === "sliding" && shape.size > shape.slide,
);
const session = fc
  .record({ gap: fc.integer({ min: 1, max: 15 }), lateness })
  .map(({ gap, lateness }): Scenario => {
    const assigner = EventTimeSessionWindows.withGap(gap);
    return { assigner: assigner, expected: { ...expectedOf(assigner, lateness), merging: true } };
  });

/** What the oracle is told of windows; by the definition of their shape, not by the assigner's code. */
function expectedOf({ shape }: WindowAssigner<never, TimeWindow>, lateness: number): Scenario["expected"] {
  const windowsOf = (timestamp: number): { start: number; end: number }[] => {
    if (shape.kind === "session") return [{ start: timestamp, end: timestamp + shape.gap }];
    const { size, offset } = shape as { size: number; offset: number };
    const slide = shape.kind === "sliding" ? shape.slide : size;
    const starts = Array.from({ length: size }, (_, i) => timestamp - i).filter(
      (start) => (start - offset) % slide === 0,
    );
    return starts.map((start) => ({ start, end: start + size }));
  };
  return { windowsOf, lateness, merging: false };
}

function expectAsFlink(
  scenarios: fc.Arbitrary<Scenario>,
  create: Create,
  contents: WindowSpec["contents"],
  { spills }: { readonly spills: boolean },
): Promise<void> {
  return fc.assert(
    fc.asyncProperty(
      scenarios,
      events,
      fc.integer({ min: 1, max: 3 }),
      rescales,
      blocking,
      async (scenario, events, parallelism, rescales, blocking) => {
        const { assigner, expected } = scenario;
        const spec = windowSpec(assigner, { allowedLateness: expected.lateness, contents });
        let emissions = 0;
        const blocks = (): boolean => blocking[emissions++ % blocking.length]!;
        const job = new WindowJob({ spec, create, parallelism, blocks, spills });
        expect(await job.run(events, rescales)).toEqual(normal(windowOracle(events, expected)));
      },
    ),
    { numRuns: RUNS },
  );
}

/** Subtasks whose watermarks differ are restored as others: each key goes on where its own group was. */
function expectGoingOnByKeyGroup(scenarios: fc.Arbitrary<Scenario>, create: Create): Promise<void> {
  const PARALLELISM = 2;
  return fc.assert(
    fc.asyncProperty(
      scenarios,
      events,
      events,
      events,
      fc.integer({ min: 1, max: 3 }),
      async (scenario, first, second, after, parallelism) => {
        const { assigner, expected } = scenario;
        const before = [first, second].map((events, i) =>
          // All but the last watermark, with which nothing would be left to go on with.
          events
            .slice(0, -1)
            .filter((event) => event.kind === "watermark" || ownerOf(event.key, PARALLELISM) === i),
        );
        const spec = windowSpec(assigner, {
          allowedLateness: expected.lateness,
          contents: CONTENTS.aggregate,
        });
        const job = new WindowJob({ spec, create, parallelism: PARALLELISM });
        for (const [i, events] of before.entries()) job.runAlone(i, events);
        await job.rescale(parallelism);
        const expectedAll = before.flatMap((events, i) => {
          const own = after.filter(
            (event) => event.kind === "watermark" || ownerOf(event.key, PARALLELISM) === i,
          );
          return windowOracle([...events, ...own], expected);
        });
        expect(flat(await job.run(after))).toEqual(flat(expectedAll));
      },
    ),
    { numRuns: RUNS },
  );
}

const flat = (segments: readonly Segment[]): Pick<Segment, "fired" | "late"> => ({
  fired: sorted(segments.flatMap(({ fired }) => fired)),
  late: segments.flatMap(({ late }) => late).toSorted((a, b) => a - b),
});

const normal = (segments: readonly Segment[]): Segment[] =>
  segments.map((segment) => ({ ...segment, late: segment.late.toSorted((a, b) => a - b) }));

describe.each([
  ["AlignedWindowOperator", "tumbling", aligned, tumbling],
  ["AlignedWindowOperator", "sliding", aligned, sliding],
  ["SlicedWindowOperator", "sliding", sliced, overlapping],
  ["KeyFirstWindowOperator", "tumbling", keyFirst, tumbling],
  ["KeyFirstWindowOperator", "sliding", keyFirst, sliding],
  ["KeyFirstWindowOperator", "session", keyFirst, session],
  ["SessionWindowOperator", "session", sessions, session],
] as const)("%s, %s windows", (name, _shape, create, scenarios) => {
  const kinds =
    name === "SlicedWindowOperator"
      ? (["aggregate", "reduce"] as const)
      : (["process", "aggregate", "reduce"] as const);
  it.each(kinds)(
    "emits what Flink would, restored at other parallelisms and blocked on the way: %s",
    async (kind) => {
      await expectAsFlink(scenarios, create, CONTENTS[kind], { spills: false });
    },
  );

  it("goes on with each key where its own key group was", async () => {
    await expectGoingOnByKeyGroup(scenarios, create);
  });

  it("takes records that come while it waits for room after the watermark", async () => {
    await expectAsFlink(scenarios, create, CONTENTS.aggregate, { spills: true });
  });
});
