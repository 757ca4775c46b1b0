import { describe, expect, it } from "vitest";
import { ManualClock } from "../../common/clock/manual-clock.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { SourceRun } from "../testing/source-run.ts";
import { sourceSuite } from "../testing/source-suite.ts";
import { generatorSource } from "./generator-source.ts";
import { sequenceSource } from "./sequence-source.ts";

const squares = Array.from({ length: 100 }, (_, i) => (i + 7) ** 2);

sourceSuite({
  name: "generator",
  create: () => generatorSource({ count: 100, from: 7, generate: (i) => i ** 2 }),
  expected: squares,
});
sourceSuite({ name: "sequence", create: () => sequenceSource(-2, 2), expected: [-2, -1, 0, 1, 2] });
sourceSuite({
  name: "rate-limited generator",
  create: () => generatorSource({ count: 30, ratePerSecond: 20_000, generate: (i) => i }),
  expected: Array.from({ length: 30 }, (_, i) => i),
});

/** Polls until every reader has nothing more to do at this time. */
function settle(run: SourceRun<number, never, unknown>, parallelism: number): void {
  for (let i = 0; i < 20; i++) for (let subtask = 0; subtask < parallelism; subtask++) run.poll(subtask);
}

describe("generatorSource", () => {
  it("gives subtask i every p-th index from i on", async () => {
    const run = await new SourceRun(sequenceSource(0, 8), { parallelism: 3 }).run();
    const shares = [0, 1, 2].map((i) => run.recordsOf(i)).sort((a, b) => a[0]! - b[0]!);
    expect(shares).toEqual([
      [0, 3, 6],
      [1, 4, 7],
      [2, 5, 8],
    ]);
  });

  it("keeps its rate over all subtasks, by the injected clock", () => {
    const clock = new ManualClock();
    const source = generatorSource({ ratePerSecond: 10, generate: (i) => i });
    const run = new SourceRun(source, { parallelism: 2, clock }) as unknown as SourceRun<
      number,
      never,
      unknown
    >;
    settle(run, 2);
    expect(run.records).toEqual([0]);
    for (let ms = 0; ms < 950; ms += 50) {
      clock.advance(50);
      settle(run, 2);
    }
    expect([...run.records].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    run.close();
  });

  it("does not catch up more than a tenth of a second after a pause", () => {
    const clock = new ManualClock();
    const source = generatorSource({ ratePerSecond: 1000, generate: (i) => i });
    const run = new SourceRun(source, { clock }) as unknown as SourceRun<number, never, unknown>;
    settle(run, 1);
    const before = run.records.length;
    clock.advance(60_000);
    settle(run, 1);
    expect(run.records.length - before).toBe(100);
    run.close();
  });

  it("is unbounded without a count", () => {
    expect(generatorSource({ generate: (i) => i }).boundedness).toBe("unbounded");
  });

  it("names the index at which generate failed", async () => {
    const source = generatorSource({
      count: 5,
      generate: (i) => {
        if (i === 3) throw new RangeError("no three");
        return i;
      },
    });
    await expect(new SourceRun(source).run()).rejects.toThrow(
      "generator source: generate(3) failed: no three",
    );
  });

  it("refuses a generate that answers with promises", async () => {
    const source = generatorSource({ count: 5, generate: async (i) => i });
    const error: unknown = await new SourceRun(source).run().catch((e: unknown) => e);
    expect(MillraceError.is(error, "ASYNC_FUNCTION")).toBe(true);
  });

  it("refuses wrong and unknown options", () => {
    expect(() => generatorSource({ count: -1, generate: (i) => i })).toThrow(
      "generator source: option count: expected a whole number from 0 up, got -1",
    );
    expect(() => generatorSource({ rate: 5, generate: (i: number) => i } as never)).toThrow(
      /unknown option "rate"/u,
    );
    expect(() => sequenceSource(5, 4)).toThrow(/option to/u);
  });
});
