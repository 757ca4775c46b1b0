import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../common/clock/random.ts";
import { ElementKind } from "../../../common/codec/frame-codec.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { hashKey } from "../../../common/keys/hash-key.ts";
import { keyGroupOf, keyGroupRange } from "../../../common/keys/key-groups.ts";
import type { Partitioner } from "../../../graph/stream/stream-graph.ts";
import { LocalChannel } from "../local-channel.ts";
import { createRecordWriter } from "./create-record-writer.ts";
import { OutputFlow } from "./output-flow.ts";

function open(partitioner: Partitioner, count: number, seed = 1) {
  const flow = new OutputFlow();
  const channels = Array.from(
    { length: count },
    (_, id) => new LocalChannel({ id, index: id, input: 0, capacity: 8 }, flow),
  );
  const writer = createRecordWriter({
    partitioner,
    channels,
    maxParallelism: 128,
    random: seededRandom(seed),
    after: "parse",
  });
  return { writer, flow, channels, received: () => channels.map(receive) };
}

function receive({ reader }: LocalChannel): unknown[] {
  const got: unknown[] = [];
  for (let head = reader.head(); head !== "none"; head = reader.head()) {
    if (head === "event") {
      got.push(reader.takeEvent().kind);
      continue;
    }
    for (let kind = reader.cursor.next(); kind !== ElementKind.END; kind = reader.cursor.next()) {
      got.push(kind === ElementKind.RECORD ? reader.cursor.value : `watermark ${reader.cursor.timestamp}`);
    }
    reader.release();
  }
  return got;
}

const records = (count: number): number[] => Array.from({ length: count }, (_, n) => n);
const identity = (value: unknown): unknown => value;
const custom = (partition: (key: unknown, parallelism: number) => number): Partitioner => ({
  kind: "custom",
  keySelector: identity,
  partition,
});

function thrownBy(work: () => void): MillraceError {
  try {
    work();
  } catch (error) {
    if (error instanceof MillraceError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("record writers", () => {
  it.each(["forward", "global"] as const)("%s sends records to the first channel only", (kind) => {
    const { writer, received } = open({ kind }, 3);
    for (const n of records(5)) writer.record(n, n);
    expect(received()).toEqual([records(5), [], []]);
  });

  it("rescale begins with the first channel and goes round", () => {
    const { writer, received } = open({ kind: "rescale" }, 3);
    for (const n of records(7)) writer.record(n, n);
    expect(received()).toEqual([
      [0, 3, 6],
      [1, 4],
      [2, 5],
    ]);
  });

  it("rebalance goes round, and begins somewhere", () => {
    const first = (seed: number): number => {
      const { writer, received } = open({ kind: "rebalance" }, 4, seed);
      for (const n of records(8)) writer.record(n, n);
      const got = received();
      const start = got.findIndex((values) => values[0] === 0);
      expect(got.map((_, i) => got[(start + i) % 4])).toEqual([0, 1, 2, 3].map((n) => [n, n + 4]));
      return start;
    };
    expect(new Set(records(20).map(first)).size).toBeGreaterThan(1);
  });

  it("shuffle spreads records over all channels, each to one", () => {
    const { writer, received } = open({ kind: "shuffle" }, 4);
    for (const n of records(4000)) writer.record(n, n);
    const got = received();
    expect((got.flat() as number[]).sort((a, b) => a - b)).toEqual(records(4000));
    for (const values of got) expect(values.length).toBeGreaterThan(800);
  });

  it("broadcast sends each record to all, and counts it once", () => {
    const { writer, received } = open({ kind: "broadcast" }, 3);
    for (const n of records(4)) writer.record(n, n);
    expect(received()).toEqual([records(4), records(4), records(4)]);
    expect(writer.numRecordsOut).toBe(4);
  });

  it("hash sends a key to the subtask that owns its key group", () => {
    const key = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.tuple(fc.string(), fc.integer()));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.array(key, { maxLength: 50 }), (parallelism, keys) => {
        const { writer, received } = open(
          { kind: "hash", keySelector: (value) => (value as { key: unknown }).key },
          parallelism,
        );
        for (const value of keys) writer.record({ key: value }, 0);
        for (const [subtask, values] of received().entries()) {
          const { start, end } = keyGroupRange(128, parallelism, subtask);
          for (const value of values as { key: unknown }[]) {
            const group = keyGroupOf(hashKey(value.key), 128);
            expect(group >= start && group < end).toBe(true);
          }
        }
        expect(writer.numRecordsOut).toBe(keys.length);
      }),
    );
  });

  it("custom asks the user's function with the key and the parallelism", () => {
    const { writer, received } = open(
      custom((key, parallelism) => (key as number) % parallelism),
      3,
    );
    for (const n of records(7)) writer.record(n, n);
    expect(received()).toEqual([
      [0, 3, 6],
      [1, 4],
      [2, 5],
    ]);
  });

  it("all send watermarks and events to every channel", () => {
    for (const kind of ["forward", "global", "rebalance", "rescale", "shuffle", "broadcast"] as const) {
      const { writer, received } = open({ kind }, 2);
      writer.watermark(5);
      writer.idle(true);
      writer.idle(false);
      writer.event({ kind: "endOfPartition" });
      const all = ["watermark 5", "idle", "active", "endOfPartition"];
      expect(received()).toEqual([all, all]);
    }
  });

  it("say where a key selector failed, and keep what it threw", () => {
    const thrown = new TypeError("no tail");
    const { writer } = open(
      {
        kind: "hash",
        keySelector: () => {
          throw thrown;
        },
      },
      2,
    );
    const error = thrownBy(() => writer.record({ id: 7 }, 0));
    expect(error.message).toBe(
      "key selector of keyBy after parse threw TypeError: no tail for the record { id: 7 }",
    );
    expect([error.code, error.cause]).toEqual(["USER_FUNCTION_FAILED", thrown]);
    expect(writer.numRecordsOut).toBe(0);
  });

  it("say where an invalid key comes from, under its own code", () => {
    const { writer } = open({ kind: "hash", keySelector: () => undefined }, 2);
    const error = thrownBy(() => writer.record({ id: 7 }, 0));
    expect(error.code).toBe("INVALID_KEY");
    expect(error.message).toMatch(/^key selector of keyBy after parse: /u);
  });

  it("say where a partition function failed, or answered nonsense", () => {
    const failing = open(
      custom(() => {
        throw new RangeError("no such airport");
      }),
      2,
    );
    expect(() => failing.writer.record("JFK", 0)).toThrow(
      'partition function of partitionCustom after parse threw RangeError: no such airport for the record "JFK"',
    );
    for (const answer of [2, -1, 0.5, NaN, undefined, "0", "length"]) {
      const { writer } = open(
        custom(() => answer as number),
        2,
      );
      const error = thrownBy(() => writer.record("JFK", 0));
      expect(error.code).toBe("USER_FUNCTION_FAILED");
      expect(error.message).toMatch(/expected a whole number from 0 to 1, got .+ for the key "JFK"$/u);
    }
  });
});

describe("OutputFlow", () => {
  it("is blocked while any channel is, over all writers of the task, and tells each change once", () => {
    const { writer, flow, channels } = open(
      custom((key) => key as number),
      3,
    );
    const told: boolean[] = [];
    flow.listener = { onBlockedChange: (blocked) => told.push(blocked), onDrained() {}, onFailed() {} };
    const fill = (channel: number): void => {
      for (let i = 0; i < 8; i++) writer.record(channel, i);
    };
    fill(0);
    fill(2);
    expect([flow.blocked, told]).toEqual([true, [true]]);
    receive(channels[0]!);
    expect([flow.blocked, told]).toEqual([true, [true]]);
    receive(channels[2]!);
    expect([flow.blocked, told]).toEqual([false, [true, false]]);
    expect(writer.backlog).toBe(0);
  });

  it("tells of a failed channel once it is not blocked any more", () => {
    const { writer, flow, channels } = open({ kind: "forward" }, 1);
    const told: unknown[] = [];
    flow.listener = {
      onBlockedChange: (blocked) => told.push(blocked),
      onDrained() {},
      onFailed: (error) => told.push(error.code),
    };
    for (const n of records(8)) writer.record(n, n);
    channels[0]!.reader.close();
    expect(told).toEqual([true, false, "CHANNEL_CLOSED"]);
  });
});
