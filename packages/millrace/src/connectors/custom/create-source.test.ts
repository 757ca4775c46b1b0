import { describe, expect, expectTypeOf, it } from "vitest";
import { PollStatus, type Source } from "../../common/connector/source.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { Types } from "../../common/types/types.ts";
import { asyncIterableSource } from "../items/async-iterable-source.ts";
import { expectNothingLost } from "../testing/expect-nothing-lost.ts";
import { SourceRun } from "../testing/source-run.ts";
import { sourceSuite } from "../testing/source-suite.ts";
import { createSource, type CustomSource } from "./create-source.ts";
import { malformedRecord, sourceRecord } from "./source-record.ts";

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const days = ["mon", "tue", "wed", "thu"].map((splitId) => ({ splitId }));
const expected = days.flatMap(({ splitId }) => Array.from({ length: 30 }, (_, i) => `${splitId} ${i}`));

let open = 0;

/** Counts the generators that are underway. */
async function* counted<T>(items: AsyncIterable<T> | Iterable<T>): AsyncGenerator<T> {
  open++;
  try {
    yield* items;
  } finally {
    open--;
  }
}

sourceSuite({
  name: "custom source of plain values",
  create: () =>
    createSource({
      name: "days",
      boundedness: "bounded",
      // One after the other, as the suite expects them.
      concurrency: 1,
      splits: async () => days,
      read: (split) =>
        counted(
          (async function* () {
            for (let i = 0; i < 30; i++) {
              if (i % 7 === 0) await tick();
              yield `${split.splitId} ${i}`;
            }
          })(),
        ),
    }),
  expected,
  openHandles: () => open,
});
sourceSuite({
  name: "custom source with positions, some pages long",
  create: () =>
    createSource({
      name: "days",
      boundedness: "bounded",
      concurrency: 1,
      splits: () => days,
      read: async function* (split, position: number | undefined) {
        for (let i = position ?? 0; i < 30; i++) {
          const value = `${split.splitId} ${i}`;
          yield i % 10 === 9 ? sourceRecord(value, { position: i + 1 }) : value;
        }
      },
    }),
  expected,
});
sourceSuite({
  name: "repeatable async iterable",
  create: () =>
    asyncIterableSource(
      async function* () {
        for (let i = 0; i < 50; i++) {
          if (i % 5 === 0) await tick();
          yield i;
        }
      },
      { boundedness: "bounded", repeatable: true },
    ),
  expected: Array.from({ length: 50 }, (_, i) => i),
  parallel: false,
});

describe("createSource", () => {
  it("infers records and positions, and knows its declared type", () => {
    const source = createSource({
      name: "typed",
      schema: Types.object({ id: Types.int }),
      read: function* (_split, position: bigint | undefined) {
        yield sourceRecord({ id: 1 }, { position: position ?? 0n });
      },
    });
    expectTypeOf(source).toExtend<Source<{ id: number }>>();
    expect(source.type?.description.kind).toBe("object");
    expect(source.maxParallelism).toBe(1);
  });

  it("reads from the position kept, and passes over what came behind it", async () => {
    const begun: (number | undefined)[] = [];
    const create = (): ReturnType<typeof createSource<string, { splitId: string }, number>> =>
      createSource<string, { splitId: string }, number>({
        name: "pages",
        boundedness: "bounded",
        read: function* (_split, position) {
          begun.push(position);
          for (let i = position ?? 0; i < 6; i++)
            yield i === 2 ? sourceRecord("2", { position: 3 }) : String(i);
        },
      });
    const first = await new SourceRun(create(), { limit: 1 }).run(5);
    const snapshot = first.snapshot();
    expect(snapshot.splits).toMatchObject([{ position: 3, skip: 2 }]);
    first.close();
    const second = await new SourceRun(create(), { restore: snapshot }).run();
    expect(second.records).toEqual(["5"]);
    expect(begun).toEqual([undefined, 3]);
  });

  it("loses nothing of splits that are read side by side", async () => {
    const read = async function* (split: { splitId: string }, position: number | undefined) {
      for (let i = position ?? 0; i < 30; i++) {
        if (i % 7 === 0) await tick();
        const value = `${split.splitId} ${i}`;
        yield i % 4 === 3 ? sourceRecord(value, { position: i + 1 }) : value;
      }
    };
    const create = (): CustomSource<string, { splitId: string }, number> =>
      createSource({ name: "days", boundedness: "bounded", splits: () => days, read });
    await expectNothingLost(create, { records: expected, parallel: true });
  });

  it("notices positions that are changed after they were given", async () => {
    const source = createSource({
      name: "cursor",
      boundedness: "bounded",
      read: function* (_split, position: { at: number } | undefined) {
        const cursor = position ?? { at: 0 };
        for (; cursor.at < 3; cursor.at++) yield sourceRecord(cursor.at, { position: cursor });
      },
    });
    await expect(new SourceRun(source).run()).rejects.toThrow("read only property 'at'");
  });

  it("refuses an iterable that was used up, and takes a function that makes it anew", async () => {
    async function* items(): AsyncGenerator<number> {
      yield 1;
      yield 2;
    }
    const used = asyncIterableSource(items());
    expect((await new SourceRun(used).run()).records).toEqual([1, 2]);
    await expect(new SourceRun(used).run()).rejects.toMatchObject({
      code: "SOURCE_FAILED",
      help: expect.stringContaining("asyncIterableSource(() => ...)") as string,
    });
    const again = asyncIterableSource(items);
    for (let i = 0; i < 2; i++) expect((await new SourceRun(again).run()).records).toEqual([1, 2]);
  });

  it("deals splits that never end out to all readers, which read theirs together", async () => {
    const source = createSource({
      name: "partitions",
      splits: () => [0, 1, 2, 3, 4].map((i) => ({ splitId: String(i) })),
      read: async function* (split, _position, { signal }) {
        for (let i = 0; !signal.aborted; i++) {
          await tick();
          yield `${split.splitId}:${i}`;
        }
      },
    });
    const run = new SourceRun(source, { parallelism: 2, limit: 3 });
    await run.run(200);
    const read = (subtask: number): string[] => [...new Set(run.recordsOf(subtask).map((r) => r[0]!))].sort();
    expect(read(0)).toEqual(["0", "2", "4"]);
    expect(read(1)).toEqual(["1", "3"]);
    run.close();
  });

  it("reads ahead, but not without bound", async () => {
    let made = 0;
    const source = createSource({
      name: "eager",
      read: function* () {
        for (;;) yield made++;
      },
    });
    const run = new SourceRun(source, { limit: 10 });
    await run.run(10);
    for (let i = 0; i < 50; i++) await tick();
    expect(made).toBeLessThan(5000);
    await run.run(10_000);
    expect(run.records.slice(0, 10_000)).toEqual(Array.from({ length: 10_000 }, (_, i) => i));
    run.close();
  });

  it("holds paused splits back", async () => {
    const source = createSource({
      name: "pausing",
      splits: () => [{ splitId: "a" }, { splitId: "b" }],
      read: function* (split) {
        for (let i = 0; ; i++) yield `${split.splitId}${i}`;
      },
    });
    const run = new SourceRun(source, { limit: 300 });
    await run.run(600);
    run.reader(0).pauseOrResumeSplits!(["a"], []);
    const before = run.records.filter((r) => r.startsWith("a")).length;
    await run.run(run.records.length + 900);
    expect(run.records.filter((r) => r.startsWith("a")).length).toBe(before);
    run.reader(0).pauseOrResumeSplits!([], ["a"]);
    await run.run(run.records.length + 900);
    expect(run.records.filter((r) => r.startsWith("a")).length).toBeGreaterThan(before);
    run.close();
  });

  it("passes malformed items and timestamps on", async () => {
    const source = createSource({
      name: "mixed",
      boundedness: "bounded",
      read: function* () {
        yield "good";
        yield malformedRecord({ raw: "???", message: "expected a word", location: "item 2" });
        yield sourceRecord("timed", { timestamp: 5 });
      },
    });
    const run = await new SourceRun(source).run();
    expect(run.records).toEqual(["good", "timed"]);
    expect(run.malformed).toEqual([{ raw: "???", message: "expected a word", location: "item 2" }]);
  });

  it("says which split of which source failed, after the records before it", async () => {
    const source = createSource<string>({
      name: "fragile",
      read: async function* () {
        yield "one";
        await tick();
        throw new TypeError("the service said no");
      },
    });
    const run = new SourceRun(source);
    await run.run(1);
    const error: unknown = await run.run().catch((e: unknown) => e);
    expect(MillraceError.is(error, "SOURCE_FAILED")).toBe(true);
    expect((error as Error).message).toBe("fragile: reading 0 failed: the service said no");
    expect(run.records).toEqual(["one"]);
  });

  it("fails when its splits can't be found, or share an id", async () => {
    const failing = (splits: () => Promise<{ splitId: string }[]>): Promise<unknown> =>
      new SourceRun(createSource({ name: "lost", splits, read: () => [] })).run().catch((e: unknown) => e);
    expect(await failing(() => Promise.reject(new TypeError("no route")))).toMatchObject({
      message: "lost: reading its splits failed: no route",
    });
    expect(await failing(async () => [{ splitId: "a" }, { splitId: "a" }])).toMatchObject({
      message: expect.stringContaining(`got "a" twice`) as string,
    });
  });

  it("aborts and returns what reads when it is closed", async () => {
    let aborted = false;
    let returned = false;
    const source = createSource({
      name: "waiting",
      read: async function* (_split, _position, { signal }) {
        try {
          yield 1;
          await new Promise<void>((resolve) => {
            signal.addEventListener("abort", () => {
              aborted = true;
              resolve();
            });
          });
        } finally {
          returned = true;
        }
      },
    });
    const run = new SourceRun(source);
    await run.run(1);
    expect(run.poll()).toBe(PollStatus.NOTHING);
    run.close();
    await expect.poll(() => [aborted, returned]).toEqual([true, true]);
  });

  it("refuses wrong options", () => {
    expect(() => createSource({ name: "", read: () => [] })).toThrow("option name");
    expect(() => createSource({ name: "x", reed: 1, read: () => [] } as never)).toThrow(
      `x: unknown option "reed"`,
    );
    expect(() => createSource({ name: "x" } as never)).toThrow("x: option read: expected a function");
  });
});

describe("asyncIterableSource", () => {
  it("takes what a factory gives anew as new, after a restore", async () => {
    let opened = 0;
    const source = asyncIterableSource(async function* () {
      opened++;
      for (let i = 0; i < 5; i++) yield `${opened}:${i}`;
    });
    expect(source.guarantee).toBe("at-most-once");
    const first = await new SourceRun(source, { limit: 1 }).run(3);
    const snapshot = first.snapshot();
    first.close();
    const second = await new SourceRun(source, { restore: snapshot }).run();
    expect(second.records).toEqual(["2:0", "2:1", "2:2", "2:3", "2:4"]);
  });

  it("takes an iterable, and refuses what is none", async () => {
    const iterable = (async function* () {
      yield* [1, 2];
    })();
    expect((await new SourceRun(asyncIterableSource(iterable)).run()).records).toEqual([1, 2]);
    expect(() => asyncIterableSource([1] as never)).toThrow("option items: expected an async iterable");
  });
});
