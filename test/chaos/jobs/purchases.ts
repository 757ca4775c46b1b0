import { existsSync } from "node:fs";
import {
  arg,
  fileSink,
  generatorSource,
  job,
  mapState,
  TumblingEventTimeWindows,
  Types,
  valueState,
  WatermarkStrategy,
} from "millrace";
import { heldSource } from "../../testing/held-source.ts";

const Purchase = Types.object({
  user: Types.string,
  shop: Types.int,
  amount: Types.int,
  at: Types.timestamp,
});

interface Purchase {
  readonly user: string;
  readonly shop: number;
  readonly amount: number;
  readonly at: number;
}

/** A little out of order in event time: by less than the 500 ms that are waited for. */
const purchase = (id: number): Purchase => ({
  user: `user-${(id * 31) % 257}`,
  shop: id % 11,
  amount: (id * 17) % 1000,
  at: id * 2 - ((id * 7919) % 400) + 400,
});

/**
 * Numbers each user's purchases, counts their shops, sets timers, and adds them up in windows: whatever happens to the processes that run it,
 * each line comes out once. They come at a steady rate, and the last of them when the file `hurry` is there, as fast as can be.
 */
export default job(
  import.meta,
  "purchases",
  { args: { output: arg.path(), count: arg.int(), rate: arg.int(), hurry: arg.path() } },
  (env, { output, count, rate, hurry }) => {
    const purchases = env
      .fromSource(
        heldSource(generatorSource({ count, generate: purchase, schema: Purchase }), {
          holds: () => !existsSync(hurry),
          first: () => 0,
          rate: (parallelism) => rate / parallelism,
          stopsAfter: ({ at }) => at >= (count * 2 * 7) / 8,
        }),
        WatermarkStrategy.forBoundedOutOfOrderness<{ at: number }>(500).withTimestamps((p) => p.at),
        "purchases",
      )
      .uid("purchases")
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
          ctx.timers.registerEventTimeTimer(timerOf(p.at));
        },
        onTimer(time, ctx) {
          ctx.collect(`${ctx.currentKey} timer ${time}`);
        },
      })
      .uid("numbered");
    const sums = purchases
      .window(TumblingEventTimeWindows.of(WINDOW))
      .aggregate(
        (a) => ({ n: a.count(), sum: a.sum((p) => p.amount) }),
        (user, window, r) => `${user} ${window.start} ${r.n} ${r.sum}`,
      )
      .uid("sums");
    numbered
      .union(sums)
      .sinkTo(fileSink({ path: output, format: "lines", rolling: { maxSize: 50_000 } }))
      .uid("files");
  },
);

/** ms of event time. */
const WINDOW = 5000;
const timerOf = (at: number): number => Math.floor(at / 5000) * 5000 + 5000;

/** What an undisturbed run writes, computed by plain code, sorted. */
export function expectedPurchases(count: number): readonly string[] {
  const lines: string[] = [];
  const counts = new Map<string, number>();
  const windows = new Map<string, { n: number; sum: number }>();
  const timers = new Set<string>();
  for (let id = 0; id < count; id++) {
    const { user, amount, at } = purchase(id);
    const n = (counts.get(user) ?? 0) + 1;
    counts.set(user, n);
    lines.push(`${user} #${n}`);
    timers.add(`${user} timer ${timerOf(at)}`);
    const key = `${user} ${Math.floor(at / WINDOW) * WINDOW}`;
    const window = windows.get(key) ?? { n: 0, sum: 0 };
    windows.set(key, { n: window.n + 1, sum: window.sum + amount });
  }
  for (const [key, { n, sum }] of windows) lines.push(`${key} ${n} ${sum}`);
  return [...lines, ...timers].sort();
}
