import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { harnessFor } from "../../testing/harness/harness-for.ts";
import type { OperatorHarness } from "../../testing/harness/operator-harness.ts";
import {
  Item,
  LATE,
  PROGRAMS_OF_ONE,
  PROGRAMS_OF_TWO,
  type ProgramOfOne,
  type ProgramOfTwo,
} from "../../testing/harness/testing/stateful-programs.ts";

type Harness = OperatorHarness<Item, Item, unknown>;

/** What happens to an operator. Watermarks and processing time move on by so much. */
type Happening =
  | { readonly record: Item; readonly input: 0 | 1; readonly behind: number }
  | { readonly watermark: number }
  | { readonly time: number }
  /** It fails, and is down for so long; then its sources say again what they had said `again` ms before. */
  | { readonly restart: number; readonly down: number; readonly again: number };

const happenings = fc.array(
  fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record({
        record: fc.record({ key: fc.constantFrom("a", "b", "c", "d", "e"), n: fc.nat(99) }),
        input: fc.constantFrom(0 as const, 1 as const),
        // Some come ahead of the watermark, some behind it.
        behind: fc.integer({ min: -30, max: 15 }),
      }),
    },
    { weight: 4, arbitrary: fc.record({ watermark: fc.integer({ min: 1, max: 15 }) }) },
    { weight: 3, arbitrary: fc.record({ time: fc.integer({ min: 1, max: 15 }) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        restart: fc.integer({ min: 1, max: 4 }),
        down: fc.constantFrom(0, 0, 5, 40),
        again: fc.constantFrom(0, 3, 20),
      }),
    },
  ),
  { maxLength: 60, size: "max" },
);

const text = (records: readonly { readonly value: unknown; readonly timestamp: number }[]): string[] =>
  records.map(({ value, timestamp }) => JSON.stringify([value, timestamp]));

/** All that comes of it: records and late records, in no particular order, since subtasks have none among them. */
async function outcome(
  open: (parallelism: number) => Promise<Harness>,
  inputs: number,
  history: readonly Happening[],
  disturbed: boolean,
): Promise<{ readonly records: readonly string[]; readonly late: readonly string[]; readonly keys: number }> {
  let harness = await open(disturbed ? 2 : 1);
  const [records, late]: [string[], string[]] = [[], []];
  const gather = (): void => {
    records.push(...text(harness.records));
    late.push(...text(harness.sideOutput(LATE)));
  };
  let watermark = 0;
  harness.processWatermark(watermark);
  for (const happening of history) {
    if ("record" in happening) {
      const { record, input, behind } = happening;
      const timestamp = watermark - behind;
      if (input === 1 && inputs === 2) harness.processRecord2(record, timestamp);
      else harness.processRecord(record, timestamp);
    } else if ("watermark" in happening) {
      harness.processWatermark((watermark += happening.watermark));
    } else if ("time" in happening) {
      harness.advanceProcessingTime(happening.time);
    } else if (!disturbed) {
      harness.advanceProcessingTime(happening.down);
    } else {
      gather();
      const { restart: parallelism, down, again } = happening;
      harness = await harness.restart({ parallelism, processingTime: harness.processingTime + down });
      // What came due meanwhile fires at once.
      harness.advanceProcessingTime(0);
      if (again > 0) harness.processWatermark(watermark - again);
    }
  }
  const keys = harness.keyCount;
  harness.advanceProcessingTime(1000);
  harness.processWatermark(watermark + 1000);
  gather();
  await harness.close();
  return { records: records.sort(), late: late.sort(), keys };
}

async function expectUndisturbed(
  open: (parallelism: number) => Promise<Harness>,
  inputs: number,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(happenings, async (history) => {
      const expected = await outcome(open, inputs, history, false);
      expect(await outcome(open, inputs, history, true)).toEqual(expected);
    }),
    { numRuns: 12 },
  );
}

const openOne =
  (program: ProgramOfOne) =>
  async (parallelism: number): Promise<Harness> =>
    harnessFor(program, { type: Item, parallelism }) as Promise<unknown> as Promise<Harness>;

const openTwo =
  (program: ProgramOfTwo) =>
  async (parallelism: number): Promise<Harness> =>
    harnessFor(program, { type: Item, secondType: Item, parallelism });

describe("restored again and again at other parallelisms, it gives what the undisturbed run gives", () => {
  it.each(Object.entries(PROGRAMS_OF_ONE))("%s", async (_, program) => {
    await expectUndisturbed(openOne(program), 1);
  });

  it.each(Object.entries(PROGRAMS_OF_TWO))("%s", async (_, program) => {
    await expectUndisturbed(openTwo(program), 2);
  });
});

describe("processing time after a restore", () => {
  it("goes into no window that has fired, though the clock of the new machine is behind", async () => {
    const program = PROGRAMS_OF_ONE["sliding windows of processing time"]!;
    const before = await openOne(program)(1);
    before.processRecord({ key: "a", n: 1 });
    before.advanceProcessingTime(35);
    expect(before.output).toEqual([1, 1, 1]);
    const after = await before.restart({ processingTime: 5 });
    after.processRecord({ key: "a", n: 10 });
    after.advanceProcessingTime(20);
    expect(after.output).toEqual([]);
    after.advanceProcessingTime(100);
    // In the windows that end at 40, 50 and 60.
    expect(after.output).toEqual([10, 10, 10]);
    await after.close();
  });
});
