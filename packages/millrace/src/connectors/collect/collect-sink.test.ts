import { describe, expect, it } from "vitest";
import { createBatchCodec } from "../../common/codec/batch-codec.ts";
import { Types } from "../../common/types/types.ts";
import { discardSink } from "../discard/discard-sink.ts";
import { SinkRun } from "../testing/sink-run.ts";
import { collectSink } from "./collect-sink.ts";

describe("collectSink", () => {
  it("sends records in batches that the client decodes", async () => {
    const records = Array.from({ length: 1203 }, (_, i) => ({ i, m: new Map([[i, new Date(i)]]) }));
    const run = new SinkRun(collectSink("results"));
    await run.write(records);
    await run.finish();
    await run.close();
    const codec = createBatchCodec(undefined, "test");
    expect(run.sent.flatMap(({ batch }) => codec.decode(batch))).toEqual(records);
    expect(run.sent.reduce((sum, { count }) => sum + count, 0)).toBe(1203);
    expect(run.sent.length).toBeLessThan(10);
    expect(new Set(run.sent.map(({ channel }) => channel))).toEqual(new Set(["results"]));
  });

  it("sends what came when the task pauses, and goes by a declared type", async () => {
    const type = Types.object({ id: Types.int });
    const run = new SinkRun(collectSink("typed", type));
    await run.write([{ id: 1 }, { id: 2 }]);
    await expect.poll(() => run.sent.length).toBe(1);
    expect(createBatchCodec(type, "test").decode(run.sent[0]!.batch)).toEqual([{ id: 1 }, { id: 2 }]);
    await run.close();
  });

  it("fails on records that can't be carried", async () => {
    const run = new SinkRun(collectSink<unknown>("odd"));
    await run.write([{ at: () => 1 }]);
    await expect(run.finish()).rejects.toMatchObject({ code: "RECORD_TYPE_MISMATCH" });
    await run.close();
  });

  it("takes no more while the client has much to take", () => {
    let backlog = 10_000;
    const run = new SinkRun(collectSink("slow"), { backlog: () => backlog });
    expect(run.writer.ready).toBe(false);
    backlog = 0;
    expect(run.writer.ready).toBe(true);
  });
});

describe("discardSink", () => {
  it("takes everything", async () => {
    const run = new SinkRun(discardSink());
    await run.write([1, 2, 3]);
    expect(await run.finish()).toEqual([]);
    await run.close();
  });
});
