import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DataStream } from "../../api/streams/streams.ts";
import type { AsyncContext, AsyncOptions } from "../../common/functions/async-functions.ts";
import { harnessFor } from "../../testing/harness/harness-for.ts";
import type { OperatorHarness } from "../../testing/harness/operator-harness.ts";

function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
}

/** A service whose answers the test gives. */
class Service {
  readonly calls: {
    value: number;
    context: AsyncContext;
    resolve(result: unknown): void;
    reject(error: unknown): void;
  }[] = [];
  readonly call = (value: number, context: AsyncContext): Promise<unknown> =>
    new Promise((resolve, reject) => this.calls.push({ value, context, resolve, reject }));

  /** The last call for a record. */
  of(value: number): (typeof this.calls)[number] {
    return this.calls.findLast((call) => call.value === value)!;
  }

  answer(...values: number[]): void {
    for (const value of values) this.of(value).resolve(value * 10);
  }
}

type Harness = OperatorHarness<number, never, unknown>;

async function setUp(options: AsyncOptions = {}): Promise<{ service: Service; harness: Harness }> {
  const service = new Service();
  const harness = await harnessFor((stream: DataStream<number>) => stream.asyncMap(service.call, options));
  return { service, harness };
}

/** What was emitted: numbers for records, "w5" for watermarks. */
const seen = (harness: Harness): unknown[] =>
  harness.events.map((event) =>
    event.kind === "record"
      ? event.value
      : event.kind === "watermark"
        ? `w${event.watermark}`
        : `idle ${event.idle}`,
  );

describe("AsyncOperator", () => {
  it("keeps nothing of a record whose result has left, however long its timeout", async () => {
    const references: WeakRef<object>[] = [];
    const harness = await harnessFor((stream: DataStream<{ n: number }>) =>
      stream.asyncMap(
        async (record) => {
          references.push(new WeakRef(record));
          return record.n;
        },
        { timeout: 60_000 },
      ),
    );
    for (let n = 0; n < 3; n++) harness.processRecord({ n }, n);
    await harness.settle();
    expect(harness.output).toEqual([0, 1, 2]);
    // A reference holds its target until the turn of the event loop is over.
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    expect(references.map((reference) => reference.deref())).toEqual([undefined, undefined, undefined]);
    await harness.close();
  });

  it("keeps the order of records, whatever the order of answers", async () => {
    const { service, harness } = await setUp();
    for (const n of [1, 2, 3]) harness.processRecord(n, n * 100);
    service.answer(3, 2);
    await harness.settle();
    expect(harness.output).toEqual([]);
    service.answer(1);
    await harness.settle();
    expect(harness.records).toEqual([
      { value: 10, timestamp: 100 },
      { value: 20, timestamp: 200 },
      { value: 30, timestamp: 300 },
    ]);
    await harness.close();
  });

  it("emits answers as they come where order does not matter, never across a watermark", async () => {
    const { service, harness } = await setUp({ mode: "unordered" });
    harness.processRecords([1, 2, 3]);
    harness.processWatermark(5);
    harness.processRecords([4, 5]);
    harness.processIdle(true);
    service.answer(3, 5, 1);
    await harness.settle();
    expect(seen(harness)).toEqual([30, 10]);
    service.answer(2);
    await harness.settle();
    expect(seen(harness)).toEqual([30, 10, 20, "w5", 50]);
    service.answer(4);
    await harness.settle();
    expect(seen(harness)).toEqual([30, 10, 20, "w5", 50, 40, "idle true"]);
    await harness.close();
  });

  it("loses nothing and lets nothing cross a watermark, in any order of answers, with any room", async () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.constant("record" as const) },
      { weight: 4, arbitrary: fc.constant("answer" as const) },
      { weight: 1, arbitrary: fc.constant("watermark" as const) },
      { weight: 1, arbitrary: fc.constant("block" as const) },
    );
    const property = fc.asyncProperty(
      fc.array(step, { maxLength: 60 }),
      fc.constantFrom<"ordered" | "unordered">("ordered", "unordered"),
      fc.integer({ min: 1, max: 6 }),
      fc.infiniteStream(fc.nat()),
      async (steps, mode, capacity, choices) => {
        const { service, harness } = await setUp({ mode, capacity, timeout: 0 });
        const answered = new Set<number>();
        /** Records and watermarks in the order they came. */
        const input: (number | string)[] = [];
        let records = 0;
        let watermarks = 0;
        let blocked = false;
        const answerOne = async (): Promise<boolean> => {
          const open = service.calls.filter((call) => !answered.has(call.value));
          const call = open[choices.next().value % Math.max(1, open.length)];
          if (call === undefined) return false;
          answered.add(call.value);
          service.answer(call.value);
          await harness.settle();
          return true;
        };
        for (const kind of steps) {
          expect(service.calls.length - answered.size).toBeLessThanOrEqual(capacity);
          if (kind === "record") {
            harness.processRecord(++records);
            input.push(records * 10);
          } else if (kind === "answer") {
            await answerOne();
          } else if (kind === "watermark") {
            harness.processWatermark(++watermarks);
            input.push(`w${watermarks}`);
          } else {
            blocked = !blocked;
            harness.setBlocked(blocked);
          }
        }
        harness.setBlocked(false);
        while (await answerOne());
        const output = seen(harness);
        expect(harness.blocked).toBe(false);
        // Between two watermarks the same records, in the same order where that was asked for.
        const segments = (events: readonly unknown[]): unknown[] => {
          const cut: unknown[][] = [[]];
          for (const event of events) {
            if (typeof event === "string") cut.push([event], []);
            else cut.at(-1)!.push(event);
          }
          return mode === "ordered" ? cut : cut.map((part) => part.toSorted((a, b) => Number(a) - Number(b)));
        };
        expect(segments(output)).toEqual(segments(input));
        await harness.close();
      },
    );
    await fc.assert(property, { numRuns: 40 });
  });

  it("has no more underway than its capacity, and holds what is above it", async () => {
    const { service, harness } = await setUp({ capacity: 2 });
    harness.processRecord(1);
    expect(harness.blocked).toBe(false);
    harness.processRecord(2);
    expect(harness.blocked).toBe(true);
    // What a single call of a function above still emits is taken, and called later.
    harness.processRecords([3, 4]);
    expect(service.calls.map(({ value }) => value)).toEqual([1, 2]);
    service.answer(1);
    await harness.settle();
    expect(service.calls.map(({ value }) => value)).toEqual([1, 2, 3]);
    expect(harness.blocked).toBe(true);
    service.answer(2, 3);
    await harness.settle();
    expect(harness.output).toEqual([10, 20, 30]);
    expect(harness.blocked).toBe(false);
    await harness.close();
  });

  it("stops emitting where there is no room, also between the results of one record", async () => {
    const service = new Service();
    await using harness = await harnessFor((stream: DataStream<number>) =>
      stream.asyncFlatMap(service.call as (n: number) => Promise<number[]>),
    );
    harness.processRecords([1, 2]);
    service.of(1).resolve([1, 1, 1]);
    service.of(2).resolve([2]);
    harness.setBlocked(true);
    await harness.settle();
    harness.processWatermark(7);
    expect(harness.output).toEqual([1]);
    harness.setBlocked(false);
    expect(harness.output).toEqual([1, 1, 1, 2]);
    expect(harness.watermark).toBe(7);
  });

  it("fails with what the call failed with, by the operator's policy", async () => {
    const { service, harness } = await setUp();
    harness.processRecord(1);
    service.of(1).reject(new RangeError("no such record"));
    await expect(harness.settle()).rejects.toThrowError("no such record");
    await harness.close();
    const skipping = new Service();
    await using lenient = await harnessFor((stream: DataStream<number>) =>
      stream.asyncMap(skipping.call).onPoisonRecord("skip"),
    );
    lenient.processRecords([1, 2]);
    skipping.of(1).reject(new RangeError("no such record"));
    skipping.answer(2);
    await lenient.settle();
    expect(lenient.output).toEqual([20]);
    expect(lenient.skipped).toMatchObject([{ record: 1, error: expect.any(RangeError) }]);
  });

  it("takes functions that throw, or answer without a promise", async () => {
    await using harness = await harnessFor((stream: DataStream<number>) =>
      stream
        .asyncMap(((n: number) => {
          if (n < 0) throw new RangeError("below 0");
          return n + 1;
        }) as unknown as (n: number) => Promise<number>)
        .onPoisonRecord("skip"),
    );
    harness.processRecords([1, -1, 2]);
    await harness.settle();
    expect(harness.output).toEqual([2, 3]);
    expect(harness.skipped).toHaveLength(1);
  });

  it("gives up after the timeout, aborts the call, and ignores its late answer", async () => {
    const { service, harness } = await setUp({ timeout: 1000 });
    harness.processRecord(1);
    harness.setProcessingTime(600);
    harness.processRecord(2);
    const { signal } = service.of(1).context;
    service.answer(2);
    await harness.settle();
    harness.setProcessingTime(999);
    expect(signal.aborted).toBe(false);
    expect(() => {
      harness.setProcessingTime(1000);
    }).toThrowError(expect.objectContaining({ code: "USER_FUNCTION_TIMEOUT" }));
    expect(signal.aborted).toBe(true);
    service.answer(1);
    await harness.settle();
    expect(harness.output).toEqual([]);
    await harness.close();
  });

  it("asks onTimeout instead where there is one", async () => {
    const service = new Service();
    await using harness = await harnessFor((stream: DataStream<number>) =>
      stream.asyncMap(
        { call: service.call, onTimeout: (n: number) => (n === 1 ? "late" : Promise.resolve("later")) },
        { timeout: 100, mode: "unordered" },
      ),
    );
    harness.processRecords([1, 2, 3]);
    service.answer(3);
    await harness.settle();
    harness.setProcessingTime(100);
    await harness.settle();
    expect(harness.output).toEqual([30, "late", "later"]);
  });

  it("tries again as the strategy says, within the timeout", async () => {
    const { service, harness } = await setUp({
      timeout: 10_000,
      retry: {
        maxAttempts: 3,
        delay: 100,
        multiplier: 10,
        maxDelay: 500,
        retryIf: (error) => !(error instanceof TypeError),
        retryIfResult: (result) => result === "empty",
      },
    });
    harness.processRecord(1);
    service.of(1).reject(new Error("first"));
    await harness.settle();
    harness.setProcessingTime(99);
    expect(service.calls).toHaveLength(1);
    harness.setProcessingTime(100);
    expect(service.calls.map(({ context }) => context.attempt)).toEqual([1, 2]);
    service.of(1).resolve("empty");
    await harness.settle();
    harness.setProcessingTime(599);
    expect(service.calls).toHaveLength(2);
    harness.setProcessingTime(600);
    expect(service.calls).toHaveLength(3);
    // The last try's result counts, whatever it is.
    service.of(1).resolve("empty");
    await harness.settle();
    expect(harness.output).toEqual(["empty"]);
    harness.processRecord(2);
    service.of(2).reject(new TypeError("hopeless"));
    await expect(harness.settle()).rejects.toThrowError("hopeless");
    await harness.close();
  });

  it("does not try again after the timeout", async () => {
    const { service, harness } = await setUp({ timeout: 150, retry: { maxAttempts: 9, delay: 100 } });
    harness.processRecord(1);
    service.of(1).reject(new Error("first"));
    await harness.settle();
    harness.setProcessingTime(100);
    service.of(1).reject(new Error("second"));
    await harness.settle();
    expect(() => harness.setProcessingTime(150)).toThrowError(
      expect.objectContaining({ code: "USER_FUNCTION_TIMEOUT" }),
    );
    harness.setProcessingTime(1000);
    expect(service.calls).toHaveLength(2);
    await harness.close();
  });

  it("fails with what the strategy's own functions throw", async () => {
    const { service, harness } = await setUp({
      retry: {
        maxAttempts: 3,
        delay: 0,
        retryIf() {
          throw new SyntaxError("broken strategy");
        },
      },
    });
    harness.processRecord(1);
    service.of(1).reject(new Error("first"));
    await expect(harness.settle()).rejects.toThrowError("broken strategy");
    await harness.close();
  });

  it("waits for all answers at the end of input", async () => {
    const { service, harness } = await setUp();
    harness.processRecords([1, 2]);
    let finished = false;
    const finish = harness.finish().then(() => (finished = true));
    await harness.settle();
    service.answer(1);
    await harness.settle();
    expect(finished).toBe(false);
    service.answer(2);
    await finish;
    expect(seen(harness)).toEqual([10, 20, "wInfinity"]);
  });

  it("calls again, after a restart, what was underway, and only that", async () => {
    const services: Service[] = [];
    const build = (stream: DataStream<number>) => {
      const service = new Service();
      services.push(service);
      return stream.asyncMap(service.call, { capacity: 2 });
    };
    const before = await harnessFor(build);
    before.processRecord(1, 100);
    before.processRecord(2, 200);
    before.processRecord(3, 300);
    services[0]!.answer(1);
    await before.settle();
    expect(before.output).toEqual([10]);
    const after = await before.restart();
    const service = services.at(-1)!;
    expect(services[0]!.of(2).context.signal.aborted).toBe(true);
    expect(service.calls.map(({ value }) => value)).toEqual([2, 3]);
    after.processRecord(4, 400);
    service.answer(3, 2);
    await after.settle();
    service.answer(4);
    await after.settle();
    expect(after.records).toEqual([
      { value: 20, timestamp: 200 },
      { value: 30, timestamp: 300 },
      { value: 40, timestamp: 400 },
    ]);
    await after.close();
  });

  it("refuses results of asyncFlatMap that are no arrays", async () => {
    await using harness = await harnessFor((stream: DataStream<number>) =>
      stream.asyncFlatMap((async (n: number) => n) as unknown as (n: number) => Promise<number[]>),
    );
    harness.processRecord(1);
    await expect(harness.settle()).rejects.toThrowError(/must answer an array/u);
  });
});
