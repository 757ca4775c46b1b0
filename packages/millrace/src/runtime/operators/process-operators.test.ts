import { describe, expect, it } from "vitest";
import type { DataStream } from "../../api/streams/streams.ts";
import type {
  FunctionInitializationContext,
  RuntimeContext,
} from "../../common/functions/runtime-context.ts";
import { perSubtask } from "../../common/functions/per-subtask.ts";
import { hashKey } from "../../common/keys/hash-key.ts";
import { keyGroupOf } from "../../common/keys/key-groups.ts";
import { outputTag } from "../../common/outputs/create-output-tag.ts";
import { listState, mapState, valueState } from "../../common/state/descriptors.ts";
import type { ListState, ValueState } from "../../common/state/state.ts";
import { Types } from "../../common/types/types.ts";
import { harnessFor } from "../../testing/harness/harness-for.ts";
import { harnessState } from "../../testing/harness/harness-state.ts";

interface Word {
  readonly word: string;
  readonly n: number;
}

const asyncFunction = expect.objectContaining({ code: "ASYNC_FUNCTION" });
const stateMisuse = expect.objectContaining({ code: "STATE_MISUSE" });

describe("ProcessOperator", () => {
  it("leads a function through its life", async () => {
    const log: string[] = [];
    class Logged {
      #buffer: ListState<number> | undefined;
      #n = 0;
      initializeState(context: FunctionInitializationContext): void {
        this.#buffer = context.getListState(listState(Types.int, { name: "n" }));
        for (const n of this.#buffer.get()) this.#n += n;
        log.push(`initializeState ${context.isRestored} ${this.#n}`);
      }
      open(context: RuntimeContext): void {
        log.push(`open ${context.operatorName} ${context.subtaskIndex}/${context.parallelism}`);
      }
      onRecord(n: number): undefined {
        this.#n += n;
        return undefined;
      }
      snapshotState(checkpointId: number): void {
        log.push(`snapshotState ${checkpointId} ${this.#n}`);
        this.#buffer?.update([this.#n]);
      }
      close(): void {
        log.push("close");
      }
    }
    const before = await harnessFor((stream: DataStream<number>) =>
      stream.process(perSubtask(() => new Logged())).name("sum"),
    );
    before.processRecords([1, 2]);
    const after = await before.restart();
    after.processRecord(10);
    after.snapshot();
    await after.finish();
    expect(log).toEqual([
      "initializeState false 0",
      "open sum 0/1",
      "snapshotState 1 3",
      "close",
      "initializeState true 3",
      "open sum 0/1",
      "snapshotState 1 13",
      "close",
    ]);
  });

  it("closes a function whose opening failed", async () => {
    const log: string[] = [];
    const opening = harnessFor((stream: DataStream<number>) =>
      stream.process({
        open() {
          throw new RangeError("no");
        },
        onRecord: () => undefined,
        close: () => void log.push("closed"),
      }),
    );
    await expect(opening).rejects.toThrowError(RangeError);
    expect(log).toEqual(["closed"]);
  });

  it("knows time and emits with the record's timestamp, also to side outputs", async () => {
    const odd = outputTag<number>("odd");
    const even = outputTag<number>("even");
    await using harness = await harnessFor(
      (stream: DataStream<number>) =>
        stream.process({
          output: Types.int,
          outputs: { odd, even },
          onRecord(n, ctx) {
            ctx.output(n % 2 === 0 ? ctx.outputs.even : ctx.outputs.odd, n);
            ctx.collect(ctx.timestamp);
            ctx.collect(Math.max(-1, ctx.currentWatermark()));
            ctx.collect(ctx.now());
          },
        }),
      { processingTime: 1000 },
    );
    harness.processRecord(1, 10);
    harness.processWatermark(15);
    harness.setProcessingTime(2000);
    harness.processRecord(2, 20);
    harness.processRecord(3, 30);
    expect(harness.records.slice(0, 6)).toEqual([
      { value: 10, timestamp: 10 },
      { value: -1, timestamp: 10 },
      { value: 1000, timestamp: 10 },
      { value: 20, timestamp: 20 },
      { value: 15, timestamp: 20 },
      { value: 2000, timestamp: 20 },
    ]);
    expect(harness.sideOutput(odd)).toEqual([
      { value: 1, timestamp: 10 },
      { value: 3, timestamp: 30 },
    ]);
    expect(harness.sideOutput(even)).toEqual([{ value: 2, timestamp: 20 }]);
  });

  it("refuses keyed state where there is no key", async () => {
    const opening = harnessFor((stream: DataStream<number>) =>
      stream.process({
        open: (context) => void context.getState(valueState(Types.int, { name: "n" })),
        onRecord: () => undefined,
      }),
    );
    await expect(opening).rejects.toThrowError(stateMisuse);
  });

  it("refuses a function that answers with a promise", async () => {
    await using harness = await harnessFor((stream: DataStream<number>) =>
      stream.process({ onRecord: (n: number) => Promise.resolve(n) as never }).onPoisonRecord("skip"),
    );
    expect(() => harness.processRecord(1)).toThrowError(asyncFunction);
  });
});

describe("KeyedProcessOperator", () => {
  const count = valueState(Types.int);

  it("keeps state for each key", async () => {
    await using harness = await harnessFor((stream: DataStream<Word>) =>
      stream
        .keyBy((w) => w.word)
        .process({
          state: { count },
          onRecord(w, ctx) {
            ctx.state.count.update((ctx.state.count.value() ?? 0) + w.n);
            return [ctx.currentKey, ctx.state.count.value()] as const;
          },
        }),
    );
    for (const word of ["a", "b", "a"]) harness.processRecord({ word, n: 1 });
    expect(harness.output.flat()).toEqual(["a", 1, "b", 1, "a", 2]);
  });

  it("gives states by descriptor in open", async () => {
    await using harness = await harnessFor((stream: DataStream<Word>) => {
      let state: ValueState<number> | undefined;
      return stream
        .keyBy((w) => w.word)
        .process({
          open(context) {
            state = context.getState(valueState(Types.int, { name: "total" }));
          },
          onRecord(w) {
            state?.update((state.value() ?? 0) + w.n);
            return state?.value();
          },
        });
    });
    for (const n of [1, 2, 3]) harness.processRecord({ word: "a", n });
    expect(harness.output).toEqual([1, 3, 6]);
    expect(harness.state("a", "total", valueState(Types.int)).value()).toBe(6);
  });

  it("fires timers of both kinds of time, with their key and state", async () => {
    await using harness = await harnessFor((stream: DataStream<Word>) =>
      stream
        .keyBy((w) => w.word)
        .process({
          state: { count },
          onRecord(w, ctx) {
            ctx.state.count.update(w.n);
            ctx.timers.registerEventTimeTimer(ctx.timestamp + 100);
            ctx.timers.registerProcessingTimeTimer(ctx.timers.currentProcessingTime() + 50);
            ctx.timers.registerEventTimeTimer(7);
            ctx.timers.deleteEventTimeTimer(7);
            return undefined;
          },
          onTimer: (time, ctx) => `${ctx.timeDomain} ${time} ${ctx.currentKey} ${ctx.state.count.value()}`,
        }),
    );
    harness.processRecord({ word: "b", n: 2 }, 20);
    harness.processRecord({ word: "a", n: 1 }, 10);
    harness.setProcessingTime(49);
    expect(harness.takeOutput()).toEqual([]);
    harness.setProcessingTime(50);
    expect(harness.records).toEqual([
      { value: "processing 50 b 2", timestamp: -Infinity },
      { value: "processing 50 a 1", timestamp: -Infinity },
    ]);
    harness.takeOutput();
    harness.processWatermark(115);
    harness.processWatermark(120);
    expect(harness.events).toEqual([
      { kind: "record", value: "event 110 a 1", timestamp: 110 },
      { kind: "watermark", watermark: 115 },
      { kind: "record", value: "event 120 b 2", timestamp: 120 },
      { kind: "watermark", watermark: 120 },
    ]);
  });

  it("fires processing-time timers at their own times, and those that were restored", async () => {
    const build = (stream: DataStream<Word>) =>
      stream
        .keyBy((w) => w.word)
        .process({
          onRecord(w, ctx) {
            ctx.timers.registerProcessingTimeTimer(w.n);
            return undefined;
          },
          onTimer(time, ctx) {
            if (time < 300) ctx.timers.registerProcessingTimeTimer(time + 100);
            return [`${ctx.currentKey} ${time} at ${ctx.now()}`];
          },
        });
    const before = await harnessFor(build);
    before.processRecord({ word: "a", n: 100 });
    before.processRecord({ word: "b", n: 150 });
    before.setProcessingTime(120);
    expect(before.output).toEqual(["a 100 at 100"]);
    await using after = await before.restart({ parallelism: 3, processingTime: 220 });
    // What came due while nothing ran fires at once, in order of time.
    expect([...after.takeOutput()].sort()).toEqual(["a 200 at 220", "b 150 at 220"]);
    after.setProcessingTime(1000);
    expect(after.output).toEqual(["b 250 at 250", "a 300 at 300", "b 350 at 350"]);
  });

  it("lets go on after a timer that fails, where the policy says so", async () => {
    await using harness = await harnessFor((stream: DataStream<Word>) =>
      stream
        .keyBy((w) => w.word)
        .process({
          onRecord(w, ctx) {
            ctx.timers.registerEventTimeTimer(w.n);
            return undefined;
          },
          onTimer(time, ctx) {
            if (ctx.currentKey === "bad") throw new RangeError("bad key");
            return time;
          },
        })
        .onPoisonRecord("skip"),
    );
    for (const word of ["a", "bad", "c"]) harness.processRecord({ word, n: 5 });
    harness.processWatermark(10);
    expect(harness.output).toEqual([5, 5]);
    expect(harness.skipped).toMatchObject([{ record: { timer: 5, domain: "event", key: "bad" } }]);
  });

  it("stops firing where there is no room, and keeps the order of everything that comes meanwhile", async () => {
    await using harness = await harnessFor((stream: DataStream<Word>) =>
      stream
        .keyBy((w) => w.word)
        .process({
          onRecord(w, ctx) {
            ctx.timers.registerEventTimeTimer(w.n);
            return `record ${w.word}`;
          },
          onTimer: (time, ctx) => `timer ${ctx.currentKey} ${time}`,
        }),
    );
    for (const word of ["a", "b", "c"]) harness.processRecord({ word, n: 10 });
    harness.takeOutput();
    harness.setBlocked(true);
    harness.processWatermark(10);
    // A single call of a function above may still emit these.
    harness.processRecord({ word: "d", n: 12 });
    harness.processWatermark(12);
    harness.processIdle(true);
    expect(harness.takeOutput()).toEqual(["timer a 10"]);
    expect(() => harness.snapshot()).toThrowError(stateMisuse);
    harness.setBlocked(false);
    expect(harness.events).toEqual([
      { kind: "record", value: "timer b 10", timestamp: 10 },
      { kind: "record", value: "timer c 10", timestamp: 10 },
      { kind: "watermark", watermark: 10 },
      { kind: "record", value: "record d", timestamp: -Infinity },
      { kind: "record", value: "timer d 12", timestamp: 12 },
      { kind: "watermark", watermark: 12 },
      { kind: "idle", idle: true },
    ]);
    expect(harness.blocked).toBe(false);
  });

  it("fires processing-time timers that come due while an output loop waits after it", async () => {
    await using harness = await harnessFor((stream: DataStream<Word>) =>
      stream
        .keyBy((w) => w.word)
        .process({
          onRecord(w, ctx) {
            ctx.timers.registerEventTimeTimer(w.n);
            ctx.timers.registerProcessingTimeTimer(100);
            return undefined;
          },
          onTimer: (_time, ctx) => `${ctx.timeDomain} ${ctx.currentKey}`,
        }),
    );
    for (const word of ["a", "b"]) harness.processRecord({ word, n: 10 });
    harness.setBlocked(true);
    harness.processWatermark(10);
    harness.setProcessingTime(100);
    expect(harness.takeOutput()).toEqual(["event a"]);
    harness.setBlocked(false);
    expect(harness.output).toEqual(["event b", "processing a", "processing b"]);
  });

  it("refuses a timer function that answers with a promise, and keys that are none", async () => {
    await using harness = await harnessFor((stream: DataStream<Word>) =>
      stream
        .keyBy((w) => (w.word === "none" ? (undefined as never) : w.word))
        .process({
          onRecord(_w, ctx) {
            ctx.timers.registerEventTimeTimer(1);
            return undefined;
          },
          onTimer: () => Promise.resolve(1) as never,
        }),
    );
    expect(() => harness.processRecord({ word: "none", n: 1 })).toThrowError(
      expect.objectContaining({ code: "INVALID_KEY" }),
    );
    harness.processRecord({ word: "a", n: 1 });
    expect(() => harness.processWatermark(1)).toThrowError(asyncFunction);
  });

  it("remembers how far event time had come, by key group", async () => {
    const build = (stream: DataStream<Word>) =>
      stream.keyBy((w) => w.word).process({ onRecord: (w, ctx) => `${w.word} ${ctx.currentWatermark()}` });
    const [slow, fast] = await Promise.all(
      [500, 900].map(async (watermark) => {
        await using harness = await harnessFor(build, { parallelism: 2 });
        harness.processWatermark(watermark);
        return harnessState(harness.snapshot());
      }),
    );
    // One subtask had come further than the other when both failed.
    const keyed = Promise.all([slow!.keyed, fast!.keyed]).then(([a, b]) => [a[0]!, b[1]!]);
    const restore = { ...slow!, keyed };
    await using after = await harnessFor(build, { restore });
    const [first, second] = ["a", "b", "c", "d"]
      .sort((x, y) => keyGroupOf(hashKey(x), 128) - keyGroupOf(hashKey(y), 128))
      .filter((_, i) => i % 3 === 0);
    const ask = (): string[] => {
      after.processRecords([
        { word: first!, n: 1 },
        { word: second!, n: 1 },
      ]);
      return after.takeOutput();
    };
    expect(ask()).toEqual([`${first} 500`, `${second} 900`]);
    after.processWatermark(600);
    expect(ask()).toEqual([`${first} 600`, `${second} 900`]);
    after.processWatermark(1000);
    expect(ask()).toEqual([`${first} 1000`, `${second} 1000`]);
  });
});

describe("CoProcessOperator and KeyedCoProcessOperator", () => {
  it("share state and timers between two streams keyed alike", async () => {
    await using harness = await harnessFor((orders: DataStream<Word>, payments: DataStream<number>) =>
      orders
        .keyBy((w) => w.word)
        .connect(payments.keyBy((n) => `order-${n}`))
        .process({
          state: { open: valueState(Types.int) },
          onRecord1(order, ctx) {
            ctx.state.open.update(order.n);
            ctx.timers.registerEventTimeTimer(100);
            return undefined;
          },
          onRecord2(n, ctx) {
            const open = ctx.state.open.value();
            ctx.timers.deleteEventTimeTimer(100);
            ctx.state.open.clear();
            return `payment ${n} of ${open}`;
          },
          onTimer: (_time, ctx) => `${ctx.currentKey} unpaid`,
        }),
    );
    harness.processRecord({ word: "order-1", n: 5 });
    harness.processRecord({ word: "order-2", n: 7 });
    harness.processRecord2(1);
    harness.processWatermark(100, 1);
    expect(harness.output).toEqual(["payment 1 of 5"]);
    harness.processWatermark(100, 2);
    expect(harness.output).toEqual(["payment 1 of 5", "order-2 unpaid"]);
  });

  it("refuse promises on both inputs", async () => {
    await using harness = await harnessFor((a: DataStream<number>, b: DataStream<number>) =>
      a.connect(b).process({
        onRecord1: () => Promise.resolve(1) as never,
        onRecord2: () => Promise.resolve(1) as never,
      }),
    );
    expect(() => harness.processRecord(1)).toThrowError(asyncFunction);
    expect(() => harness.processRecord2(1)).toThrowError(asyncFunction);
  });
});

describe("BroadcastProcessOperator", () => {
  const limits = mapState(Types.string, Types.int);

  it("lets broadcast records change what other records see, in every subtask and after a restart", async () => {
    const build = (words: DataStream<Word>, rules: DataStream<Word>) =>
      words.connect(rules.broadcast({ limits })).process({
        onRecord: (w, ctx) => (w.n > (ctx.broadcast.limits.get(w.word) ?? Infinity) ? w.word : undefined),
        onBroadcast(rule, ctx) {
          ctx.broadcast.limits.put(rule.word, rule.n);
          return undefined;
        },
      });
    const before = await harnessFor(build, { parallelism: 2 });
    before.processRecord2({ word: "a", n: 10 });
    for (const n of [5, 15, 20]) before.processRecord({ word: "a", n });
    expect(before.output).toEqual(["a", "a"]);
    await using after = await before.restart({ parallelism: 3 });
    for (const n of [15, 15, 15, 5]) after.processRecord({ word: "a", n });
    expect(after.output).toEqual(["a", "a", "a"]);
  });

  it("refuses changes from other records", async () => {
    await using harness = await harnessFor((words: DataStream<Word>, rules: DataStream<Word>) =>
      words.connect(rules.broadcast({ limits })).process({
        onRecord(w, ctx) {
          (ctx.broadcast.limits as unknown as { put(key: string, value: number): void }).put(w.word, 1);
          return undefined;
        },
        onBroadcast: () => undefined,
      }),
    );
    expect(() => harness.processRecord({ word: "a", n: 1 })).toThrowError(stateMisuse);
  });
});

describe("KeyedBroadcastProcessOperator", () => {
  const limits = mapState(Types.string, Types.int);

  it("reads broadcast state beside keyed state and timers, and walks all keys for a broadcast record", async () => {
    await using harness = await harnessFor(
      (words: DataStream<Word>, rules: DataStream<Word>) =>
        words
          .keyBy((w) => w.word)
          .connect(rules.broadcast({ limits }))
          .process({
            state: { sum: valueState(Types.int) },
            onRecord(w, ctx) {
              ctx.state.sum.update((ctx.state.sum.value() ?? 0) + w.n);
              ctx.timers.registerEventTimeTimer(10);
              return undefined;
            },
            onBroadcast(rule, ctx) {
              ctx.broadcast.limits.put("limit", rule.n);
              const above: string[] = [];
              ctx.forEachKey("sum", (key, sum) => {
                if ((sum.value() ?? 0) > rule.n) above.push(`${key} above`);
                else sum.clear();
              });
              return above;
            },
            onTimer: (_time, ctx) => [
              `${ctx.currentKey} ${ctx.state.sum.value()} ${ctx.broadcast.limits.get("limit")}`,
            ],
          }),
      { parallelism: 2 },
    );
    for (const [word, n] of [
      ["a", 5],
      ["b", 20],
      ["c", 30],
    ] as const)
      harness.processRecord({ word, n });
    harness.processRecord2({ word: "limit", n: 10 });
    expect(new Set(harness.takeOutput())).toEqual(new Set(["b above", "c above"]));
    harness.processWatermark(10);
    expect(new Set(harness.output)).toEqual(new Set(["a undefined 10", "b 20 10", "c 30 10"]));
    expect(harness.watermark).toBe(10);
  });
});

describe("MapOperator, FilterOperator, FlatMapOperator", () => {
  it("emit with the record's timestamp", async () => {
    await using map = await harnessFor((stream: DataStream<number>) => stream.map((n) => n * 2));
    await using filter = await harnessFor((stream: DataStream<number>) => stream.filter((n) => n > 1));
    await using flatMap = await harnessFor((stream: DataStream<number>) =>
      stream.flatMap<number>((n, out) => {
        out.collect(-n);
        return Array.from({ length: n }, () => n);
      }),
    );
    for (const harness of [map, filter, flatMap]) {
      harness.processRecord(1, 10);
      harness.processRecord(2, 20);
    }
    expect(map.records).toEqual([
      { value: 2, timestamp: 10 },
      { value: 4, timestamp: 20 },
    ]);
    expect(filter.records).toEqual([{ value: 2, timestamp: 20 }]);
    expect(flatMap.records).toEqual([
      { value: -1, timestamp: 10 },
      { value: 1, timestamp: 10 },
      { value: -2, timestamp: 20 },
      { value: 2, timestamp: 20 },
      { value: 2, timestamp: 20 },
    ]);
  });

  it("refuse promises at the first record", async () => {
    const promise = (): never => Promise.resolve(true) as never;
    await using map = await harnessFor((stream: DataStream<number>) => stream.map(promise));
    await using filter = await harnessFor((stream: DataStream<number>) => stream.filter(promise));
    await using flatMap = await harnessFor((stream: DataStream<number>) => stream.flatMap<number>(promise));
    for (const harness of [map, filter, flatMap]) {
      expect(() => harness.processRecord(1)).toThrowError(asyncFunction);
    }
  });

  it("lead rich functions through their life", async () => {
    const log: string[] = [];
    const life = { open: () => void log.push("open"), close: () => void log.push("close") };
    const map = await harnessFor((stream: DataStream<number>) =>
      stream.map({ ...life, map: (n: number) => n + 1 }),
    );
    map.processRecord(1);
    expect(map.output).toEqual([2]);
    await map.finish();
    expect(log).toEqual(["open", "close"]);
  });
});
