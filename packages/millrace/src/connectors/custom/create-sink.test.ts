import { describe, expect, expectTypeOf, it } from "vitest";
import { ManualClock } from "../../common/clock/manual-clock.ts";
import type { Sink } from "../../common/connector/sink.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { SinkRun } from "../testing/sink-run.ts";
import { createSink } from "./create-sink.ts";

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const numbers = Array.from({ length: 100 }, (_, i) => i);

describe("createSink", () => {
  it("writes record by record to what it opened, from the moment it is open", async () => {
    const log: unknown[] = [];
    const sink = createSink({
      name: "log",
      open: async ({ subtaskIndex, parallelism }) => {
        await tick();
        log.push(`open ${subtaskIndex}/${parallelism}`);
        return log;
      },
      write: (value: number, target, timestamp) => void target.push([value, timestamp]),
      flush: (target, endOfInput) => void target.push(`flush ${endOfInput}`),
      close: (target) => void target.push("close"),
    });
    expectTypeOf(sink).toEqualTypeOf<Sink<number>>();
    const run = new SinkRun(sink, { subtask: 1, parallelism: 2 });
    await run.write([1, 2], 5);
    await run.checkpoint();
    await run.write([3], 6);
    await run.finish();
    await run.close();
    expect(log).toEqual(["open 1/2", [1, 5], [2, 5], "flush false", [3, 6], "flush true", "close"]);
  });

  it("writes in batches, one at a time, in order, and holds the job back meanwhile", async () => {
    const batches: number[][] = [];
    let underway = 0;
    const sink = createSink({
      name: "slow",
      batchSize: 10,
      maxBuffered: 20,
      writeBatch: async (values: readonly number[]) => {
        expect(++underway).toBe(1);
        await tick();
        await tick();
        batches.push([...values]);
        underway--;
      },
    });
    const run = new SinkRun(sink);
    await run.write(numbers);
    expect(run.held).toBeGreaterThan(3);
    await run.finish();
    await run.close();
    expect(batches.flat()).toEqual(numbers);
    expect(Math.max(...batches.map((batch) => batch.length))).toBe(10);
  });

  it("writes a batch that is not full when the task pauses, or when its time is up", async () => {
    const batches: number[][] = [];
    const writeBatch = (values: readonly number[]): void => void batches.push([...values]);
    const eager = new SinkRun(createSink({ name: "eager", writeBatch }));
    await tick();
    await eager.write([1, 2]);
    await expect.poll(() => batches).toEqual([[1, 2]]);
    await eager.write([3]);
    await expect.poll(() => batches).toEqual([[1, 2], [3]]);
    await eager.close();

    batches.length = 0;
    const clock = new ManualClock();
    const patient = new SinkRun(createSink({ name: "patient", writeBatch, linger: 100 }), { clock });
    await tick();
    await patient.write([1]);
    clock.advance(60);
    await patient.write([2]);
    await tick();
    expect(batches).toEqual([]);
    clock.advance(40);
    await expect.poll(() => batches).toEqual([[1, 2]]);
    await patient.close();
  });

  it("has written everything when flush is done", async () => {
    const written: number[] = [];
    const sink = createSink({
      name: "careful",
      batchSize: 7,
      linger: 1_000_000,
      writeBatch: async (values: readonly number[]) => {
        await tick();
        written.push(...values);
      },
    });
    const run = new SinkRun(sink);
    await run.write(numbers.slice(0, 17));
    await run.checkpoint();
    expect(written).toEqual(numbers.slice(0, 17));
    await run.write(numbers.slice(17));
    await run.finish();
    expect(written).toEqual(numbers);
    await run.close();
  });

  it("fails the task with what a function throws, and still closes", async () => {
    let closed = 0;
    const close = (): void => void closed++;
    const failing = createSink({
      name: "broken table",
      open: () => 1,
      writeBatch: () => Promise.reject(new TypeError("no such column")),
      close,
    });
    const run = new SinkRun(failing);
    await run.write([1]);
    const error: unknown = await run.finish().catch((e: unknown) => e);
    expect(MillraceError.is(error, "SINK_FAILED")).toBe(true);
    expect((error as Error).message).toBe("broken table: no such column");
    await expect(run.write([2])).rejects.toBe(error);
    await run.close();
    expect(closed).toBe(1);

    const unopened = new SinkRun(
      createSink({
        name: "no host",
        open: () => Promise.reject(new TypeError("refused")),
        write: () => undefined,
        close,
      }),
    );
    await expect(unopened.finish()).rejects.toThrow("no host: refused");
    await unopened.close();
    expect(closed).toBe(1);
  });

  it("refuses a write that answers with promises", async () => {
    // @ts-expect-error -- the compiler refuses it, too
    const sink = createSink({ name: "hasty", write: async () => undefined });
    const run = new SinkRun(sink);
    await tick();
    await expect(run.write([1])).rejects.toMatchObject({ code: "ASYNC_FUNCTION" });
    await run.close();
  });

  it("aborts what is underway when it is closed", async () => {
    let aborted = false;
    const sink = createSink({
      name: "waiting",
      writeBatch: (_values, _resource, { signal }) =>
        new Promise<void>((resolve) => {
          signal.addEventListener("abort", () => {
            aborted = true;
            resolve();
          });
        }),
    });
    const run = new SinkRun(sink);
    await tick();
    await run.write([1]);
    await tick();
    await run.close();
    expect(aborted).toBe(true);
  });

  it("refuses wrong options", () => {
    const write = (): void => undefined;
    expect(() => createSink({ name: "x" })).toThrow("x: option write: expected either write or writeBatch");
    expect(() => createSink({ name: "x", write, writeBatch: write })).toThrow("either write or writeBatch");
    expect(() => createSink({ name: "x", write, batchSize: 0 })).toThrow("option batchSize");
    expect(() => createSink({ name: "x", write, wirte: 1 } as never)).toThrow(`unknown option "wirte"`);
  });
});
