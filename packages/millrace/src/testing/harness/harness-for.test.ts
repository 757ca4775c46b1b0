import { describe, expect, it } from "vitest";
import type { DataStream } from "../../api/streams/streams.ts";
import { outputTag } from "../../common/outputs/create-output-tag.ts";
import { valueState } from "../../common/state/descriptors.ts";
import { Types } from "../../common/types/types.ts";
import { harnessFor } from "./harness-for.ts";

interface Payment {
  readonly card: string;
  readonly amount: number;
}

const total = valueState(Types.int);
const large = outputTag("large", Types.object({ card: Types.string, amount: Types.int }));

function totals(payments: DataStream<Payment>) {
  return payments
    .keyBy((p) => p.card)
    .process({
      state: { total },
      outputs: { large },
      onRecord(payment, ctx) {
        ctx.state.total.update((ctx.state.total.value() ?? 0) + payment.amount);
        if (payment.amount > 100) ctx.output(ctx.outputs.large, payment);
        ctx.timers.registerEventTimeTimer(ctx.timestamp + 1000);
        return undefined;
      },
      onTimer: (_time, ctx) => ({ card: ctx.currentKey, total: ctx.state.total.value() }),
    });
}

describe("harnessFor", () => {
  it("runs one operator with time in the test's hand", async () => {
    await using harness = await harnessFor(totals);
    harness.processRecord({ card: "a", amount: 5 }, 100);
    harness.processRecord({ card: "b", amount: 500 }, 200);
    expect(harness.state("a", "total", total).value()).toBe(5);
    expect(harness.keyCount).toBe(2);
    expect(harness.output).toEqual([]);
    harness.processWatermark(1100);
    expect(harness.events).toEqual([
      { kind: "record", value: { card: "a", total: 5 }, timestamp: 1100 },
      { kind: "watermark", watermark: 1100 },
    ]);
    expect(harness.sideOutput(large)).toEqual([{ value: { card: "b", amount: 500 }, timestamp: 200 }]);
    await harness.finish();
    expect(harness.takeOutput()).toEqual([
      { card: "a", total: 5 },
      { card: "b", total: 500 },
    ]);
    expect(harness.output).toEqual([]);
  });

  it("restarts from its state at another parallelism", async () => {
    const before = await harnessFor(totals, { parallelism: 2 });
    for (let i = 0; i < 20; i++) before.processRecord({ card: `card-${i}`, amount: i }, 0);
    const middle = await before.restart({ parallelism: 5 });
    expect(middle.output).toEqual([]);
    for (let i = 0; i < 20; i++) middle.processRecord({ card: `card-${i}`, amount: i }, 500);
    await using after = await middle.restart({ parallelism: 3 });
    expect(after.keyCount).toBe(20);
    after.processWatermark(1000);
    const expected = Array.from({ length: 20 }, (_, i) => ({ card: `card-${i}`, total: 2 * i }));
    expect(after.output).toHaveLength(20);
    expect(after.output).toEqual(expect.arrayContaining(expected));
  });

  it("goes on from one snapshot again and again", async () => {
    await using first = await harnessFor(totals);
    first.processRecord({ card: "a", amount: 1 }, 0);
    const restore = first.snapshot();
    first.processRecord({ card: "a", amount: 1 }, 0);
    for (let i = 0; i < 2; i++) {
      await using again = await harnessFor(totals, { restore });
      again.processRecord({ card: "a", amount: 5 }, 0);
      expect(again.state("a", "total", total).value()).toBe(6);
    }
  });

  it("refuses to start from what no harness gave", async () => {
    await expect(harnessFor(totals, { restore: {} as never })).rejects.toThrowError(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }),
    );
  });

  it("carries records as tasks would, and freezes them", async () => {
    class Point {
      readonly x = 1;
    }
    await using harness = await harnessFor((stream: DataStream<unknown>) =>
      stream.process({
        onRecord(record) {
          (record as { x: number }).x = 2;
          return record;
        },
      }),
    );
    expect(() => harness.processRecord(new Point())).toThrowError(
      expect.objectContaining({ code: "RECORD_TYPE_MISMATCH" }),
    );
    expect(() => harness.processRecord({ x: 1 })).toThrowError(TypeError);
  });

  it("checks records against declared types", async () => {
    await using harness = await harnessFor((stream) => stream.map((n) => n + 1), { type: Types.int });
    harness.processRecords([1, 2]);
    expect(harness.output).toEqual([2, 3]);
    expect(() => harness.processRecord("x" as never)).toThrowError(
      expect.objectContaining({ code: "RECORD_TYPE_MISMATCH" }),
    );
  });

  it("feeds both inputs, and takes the earlier watermark", async () => {
    await using harness = await harnessFor((words: DataStream<string>, numbers: DataStream<number>) =>
      words.connect(numbers).process({
        onRecord1: (word) => word.length,
        onRecord2: (number) => number * 10,
      }),
    );
    harness.processRecord("abc");
    harness.processRecord2(4);
    harness.processWatermark(10, 1);
    harness.processWatermark(5, 2);
    harness.processIdle(true, 2);
    harness.processIdle(true, 1);
    expect(harness.events).toEqual([
      { kind: "record", value: 3, timestamp: -Infinity },
      { kind: "record", value: 40, timestamp: -Infinity },
      { kind: "watermark", watermark: 5 },
      { kind: "watermark", watermark: 10 },
      { kind: "idle", idle: true },
    ]);
  });

  it("keeps to the operator's policy for records that a function fails on", async () => {
    const failing = (stream: DataStream<number>) =>
      stream.map((n) => {
        if (n < 0) throw new RangeError("below 0");
        return n;
      });
    await using strict = await harnessFor(failing);
    expect(() => strict.processRecord(-1)).toThrowError(RangeError);
    await using lenient = await harnessFor((stream: DataStream<number>) =>
      failing(stream).onPoisonRecord("skip"),
    );
    lenient.processRecords([1, -1, 2]);
    expect(lenient.output).toEqual([1, 2]);
    expect(lenient.skipped).toMatchObject([{ record: -1, error: expect.any(RangeError) }]);
  });

  it("refuses functions that make no operator, or several", async () => {
    const misuse = expect.objectContaining({ code: "INVALID_ARGUMENT" });
    await expect(harnessFor((stream: DataStream<number>) => stream)).rejects.toThrowError(misuse);
    await expect(
      harnessFor((stream: DataStream<number>) => stream.map((n) => n).filter(() => true)),
    ).rejects.toThrowError(misuse);
  });
});
