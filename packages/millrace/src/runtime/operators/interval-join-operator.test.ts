import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DataStream } from "../../api/streams/streams.ts";
import { outputTag } from "../../common/outputs/create-output-tag.ts";
import { harnessFor } from "../../testing/harness/harness-for.ts";
import type { OperatorHarness } from "../../testing/harness/operator-harness.ts";

interface Event {
  readonly key: string;
  readonly id: number;
}

interface Timed extends Event {
  readonly time: number;
  readonly side: "left" | "right";
}

interface Bounds {
  readonly lower: number;
  readonly upper: number;
  readonly lowerInclusive: boolean;
  readonly upperInclusive: boolean;
}

const lateLeft = outputTag<Event>("late-left");
const lateRight = outputTag<Event>("late-right");

function join({ lower, upper, lowerInclusive, upperInclusive }: Bounds) {
  return (left: DataStream<Event>, right: DataStream<Event>) => {
    let bounded = left
      .keyBy((e) => e.key)
      .intervalJoin(right.keyBy((e) => e.key))
      .between(lower, upper)
      .sideOutputLeftLateData(lateLeft)
      .sideOutputRightLateData(lateRight);
    if (!lowerInclusive) bounded = bounded.lowerBoundExclusive();
    if (!upperInclusive) bounded = bounded.upperBoundExclusive();
    return bounded.join((l, r) => `${l.id}-${r.id}`);
  };
}

function feed(harness: OperatorHarness<Event, Event, string>, { key, id, side, time }: Timed): void {
  if (side === "left") harness.processRecord({ key, id }, time);
  else harness.processRecord2({ key, id }, time);
}

/** All pairs by two nested loops, with the later time of each. */
function pairs(events: readonly Timed[], { lower, upper, lowerInclusive, upperInclusive }: Bounds): string[] {
  const found: string[] = [];
  for (const left of events.filter((e) => e.side === "left")) {
    for (const right of events.filter((e) => e.side === "right")) {
      const distance = right.time - left.time;
      if (left.key !== right.key || distance < lower || distance > upper) continue;
      if ((distance === lower && !lowerInclusive) || (distance === upper && !upperInclusive)) continue;
      found.push(`${left.id}-${right.id} at ${Math.max(left.time, right.time)}`);
    }
  }
  return found.sort();
}

const boundsOf = fc
  .record({
    lower: fc.integer({ min: -30, max: 30 }),
    width: fc.integer({ min: 0, max: 40 }),
    lowerInclusive: fc.boolean(),
    upperInclusive: fc.boolean(),
  })
  .map(({ lower, width, ...rest }): Bounds => ({ ...rest, lower, upper: lower + width }));

/** Events whose times wander upwards, a little out of order. */
const events = fc
  .array(
    fc.record({
      key: fc.constantFrom("a", "b"),
      side: fc.constantFrom<"left" | "right">("left", "right"),
      step: fc.integer({ min: 0, max: 8 }),
      jitter: fc.integer({ min: 0, max: 10 }),
    }),
    { maxLength: 60 },
  )
  .map((steps) => {
    let base = 0;
    return steps.map(({ key, side, step, jitter }, id): Timed => {
      base += step;
      return { key, side, id, time: base - jitter };
    });
  });

const INCLUSIVE = { lowerInclusive: true, upperInclusive: true };

describe("IntervalJoinOperator", () => {
  it("finds the pairs that two nested loops find, over watermarks, restarts and back-pressure", async () => {
    const property = fc.asyncProperty(
      events,
      boundsOf,
      fc.integer({ min: 1, max: 3 }),
      fc.nat({ max: 60 }),
      async (all, bounds, parallelism, restartAt) => {
        let harness = await harnessFor(join(bounds));
        const output: string[] = [];
        const take = (): void => {
          output.push(...harness.records.map(({ value, timestamp }) => `${value} at ${timestamp}`));
          harness.takeOutput();
        };
        let highest = -Infinity;
        for (const [i, event] of all.entries()) {
          if (i === restartAt) {
            take();
            harness = await harness.restart({ parallelism });
          }
          harness.setBlocked(i % 3 === 0);
          feed(harness, event);
          harness.setBlocked(false);
          highest = Math.max(highest, event.time);
          // Events lie at most 10 behind, and one of exactly the watermark's time is not late.
          harness.processWatermark(highest - 10);
        }
        take();
        expect(output.sort()).toEqual(pairs(all, bounds));
        harness.processWatermark(Infinity);
        expect(harness.keyCount).toBe(0);
        await harness.close();
      },
    );
    await fc.assert(property, { numRuns: 100 });
  });

  it("keeps a record as long as a partner may come, and not much longer", async () => {
    await using harness = await harnessFor(join({ lower: -5, upper: 10, ...INCLUSIVE }));
    for (let time = 100; time < 1000; time += 101) {
      feed(harness, { key: "a", id: time, side: "left", time });
      feed(harness, { key: "b", id: time, side: "right", time });
      harness.processWatermark(time + 5);
      feed(harness, { key: "b", id: 0, side: "left", time: time + 5 });
      harness.processWatermark(time + 10);
      feed(harness, { key: "a", id: 0, side: "right", time: time + 10 });
      expect(harness.takeOutput()).toEqual([`0-${time}`, `${time}-0`]);
      harness.processWatermark(time + 35);
      expect(harness.keyCount).toBe(0);
    }
  });

  it("takes times that are not whole", async () => {
    await using harness = await harnessFor(
      join({ lower: 0, upper: 1, lowerInclusive: false, upperInclusive: false }),
    );
    feed(harness, { key: "a", id: 1, side: "left", time: 10.25 });
    for (const [i, time] of [10.25, 10.5, 11.2, 11.25].entries())
      feed(harness, { key: "a", id: i, side: "right", time });
    expect(harness.output).toEqual(["1-1", "1-2"]);
  });

  it("sends what is behind the watermark to the late outputs", async () => {
    await using harness = await harnessFor(join({ lower: -10, upper: 10, ...INCLUSIVE }));
    feed(harness, { key: "a", id: 1, side: "left", time: 100 });
    harness.processWatermark(100);
    feed(harness, { key: "a", id: 2, side: "right", time: 100 });
    feed(harness, { key: "a", id: 3, side: "right", time: 99 });
    feed(harness, { key: "a", id: 4, side: "left", time: 50 });
    expect(harness.output).toEqual(["1-2"]);
    expect(harness.sideOutput(lateRight)).toEqual([{ value: { key: "a", id: 3 }, timestamp: 99 }]);
    expect(harness.sideOutput(lateLeft)).toEqual([{ value: { key: "a", id: 4 }, timestamp: 50 }]);
  });

  it("keeps late what was late before a restart", async () => {
    const before = await harnessFor(join({ lower: -10, upper: 10, ...INCLUSIVE }));
    feed(before, { key: "a", id: 1, side: "left", time: 100 });
    before.processWatermark(105);
    await using after = await before.restart({ parallelism: 2 });
    feed(after, { key: "a", id: 2, side: "right", time: 104 });
    expect(after.output).toEqual([]);
    expect(after.sideOutput(lateRight)).toHaveLength(1);
  });

  it("counts late records that nobody wants", async () => {
    await using harness = await harnessFor((left: DataStream<Event>, right: DataStream<Event>) =>
      left
        .keyBy((e) => e.key)
        .intervalJoin(right.keyBy((e) => e.key))
        .between(0, 10)
        .join((l, r) => l.id + r.id),
    );
    harness.processWatermark(50);
    harness.processRecord({ key: "a", id: 1 }, 10);
    expect(
      Object.entries(harness.metrics).find(([name]) => name.endsWith("numLateRecordsDropped"))?.[1],
    ).toBe(1);
  });

  it("stops between two pairs of one record", async () => {
    await using harness = await harnessFor(join({ lower: -1000, upper: 1000, ...INCLUSIVE }));
    for (let id = 0; id < 100; id++) feed(harness, { key: "a", id, side: "left", time: id * 10 });
    harness.setBlocked(true);
    feed(harness, { key: "a", id: 1000, side: "right", time: 500 });
    feed(harness, { key: "a", id: 1001, side: "right", time: 500 });
    harness.processWatermark(900);
    expect(harness.output).toHaveLength(1);
    expect(harness.watermark).toBe(-Infinity);
    harness.setBlocked(false);
    expect(harness.output).toHaveLength(200);
    expect(new Set(harness.output.slice(0, 100).map((pair) => pair.split("-")[1]))).toEqual(
      new Set(["1000"]),
    );
    expect(harness.events.at(-1)).toEqual({ kind: "watermark", watermark: 900 });
  });

  it("refuses records without timestamp", async () => {
    await using harness = await harnessFor(join({ lower: 0, upper: 10, ...INCLUSIVE }));
    expect(() => harness.processRecord({ key: "a", id: 1 })).toThrowError(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }),
    );
  });
});
