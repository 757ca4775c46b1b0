import { existsSync } from "node:fs";
import {
  arg,
  fileSink,
  fileSource,
  job,
  mapState,
  TumblingEventTimeWindows,
  Types,
  valueState,
  WatermarkStrategy,
} from "millrace";
import { heldSource } from "../../testing/held-source.ts";

const Purchase = Types.object({
  id: Types.int,
  user: Types.string,
  shop: Types.int,
  amount: Types.int,
  at: Types.timestamp,
});

/** Records a second of each reader that waits. */
const TRICKLE = 250;

const cell = new Int32Array(new SharedArrayBuffer(4));
/** Keeps its thread from everything else for so many ms. */
function wait(ms: number): number {
  Atomics.wait(cell, 0, 0, ms);
  return ms;
}

/**
 * Numbers each user's purchases, counts their shops, and adds them up in windows. Whatever happens to the processes that run it, each
 * number of a user appears once, and the sums are those of the input: a record lost or counted twice shows.
 *
 * `spin` ms of waiting for each thousand records keep it at work for a while. Where a file `hurry` is named, each reader gives so many records
 * as `atMost` says, then a few now and then, until the file is there: then it hurries.
 */
export default job(
  import.meta,
  "totals",
  {
    args: {
      input: arg.path(),
      output: arg.path(),
      spin: arg.number().default(0),
      hurry: arg.path().optional(),
      atMost: arg.int().default(1000),
    },
  },
  (env, { input, output, spin, hurry, atMost }) => {
    const holds = (): boolean => hurry !== undefined && !existsSync(hurry);
    let owed = 0;
    const purchases = env
      .fromSource(
        heldSource(fileSource({ path: input, format: "jsonl", schema: Purchase }), {
          holds,
          first: () => atMost,
          rate: () => TRICKLE,
        }),
        WatermarkStrategy.forBoundedOutOfOrderness<{ at: number }>(500).withTimestamps((p) => p.at),
        "purchases",
      )
      .uid("purchases")
      .map((p) => {
        owed += spin / 1000;
        if (owed >= 1) owed = hurry === undefined || holds() ? owed - wait(owed) : 0;
        return p;
      })
      .uid("spin")
      .keyBy((p) => p.user);
    const numbered = purchases
      .process({
        output: Types.string,
        state: { count: valueState(Types.int), shops: mapState(Types.int, Types.int) },
        onRecord(p, ctx) {
          const n = (ctx.state.count.value() ?? 0) + 1;
          ctx.state.count.update(n);
          ctx.state.shops.put(p.shop, (ctx.state.shops.get(p.shop) ?? 0) + 1);
          ctx.collect(`${p.user} #${n}`);
          ctx.timers.registerEventTimeTimer(Math.floor(p.at / 5000) * 5000 + 5000);
        },
        onTimer(time, ctx) {
          ctx.collect(`${ctx.currentKey} timer ${time}`);
        },
      })
      .uid("numbered");
    const sums = purchases
      .window(TumblingEventTimeWindows.of(1000))
      .aggregate(
        (a) => ({ n: a.count(), sum: a.sum((p) => p.amount) }),
        (user, window, r) => `${user} ${window.start} ${r.n} ${r.sum}`,
      )
      .uid("sums");
    numbered
      .union(sums)
      .map((text) => ({ text }))
      .uid("text")
      .sinkTo(fileSink({ path: output, format: "jsonl", rolling: { maxSize: 4000 } }))
      .uid("files");
  },
);
