import { generatorSource, job, listState, mapState, Types, valueState, WatermarkStrategy } from "millrace";
import { collectSink } from "../collect.ts";
import { disturbedSource } from "../disturbance.ts";
import { DISORDER, groupBy, purchase, purchases } from "../events.ts";
import type { Purchase } from "../events.ts";

const COUNT = 1500;
const RULES = 7;
/** Far behind all purchases: timers at this time see everything. */
const END = 1_000_000;

interface Rule {
  readonly shop: number;
  readonly limit: number;
}
const rule = (i: number): Rule => ({ shop: i, limit: 10 + i * 10 });

/** Two streams in one operator: keyed alike, with broadcast state, and without a key. */
export default job(import.meta, "connected", {}, (env) => {
  const strategy = WatermarkStrategy.forBoundedOutOfOrderness<Purchase>(DISORDER).withTimestamps((p) => p.at);
  const all = env.fromSource(disturbedSource(COUNT, purchase), strategy, "purchases");
  const others = env.fromSource(disturbedSource(COUNT, purchase), strategy, "others");
  const rules = env.fromSource(
    generatorSource({ count: RULES, generate: rule }),
    WatermarkStrategy.noWatermarks<Rule>(),
    "rules",
  );

  const together = all
    .connect(others)
    .keyBy(
      (p) => p.user,
      (p) => p.user,
    )
    .process({
      state: {
        left: valueState(Types.int, { defaultValue: () => 0 }),
        right: valueState(Types.int, { defaultValue: () => 0 }),
      },
      onRecord1(_, ctx) {
        ctx.state.left.update(ctx.state.left.value() + 1);
        ctx.timers.registerEventTimeTimer(END);
      },
      onRecord2(_, ctx) {
        ctx.state.right.update(ctx.state.right.value() + 1);
      },
      onTimer: (_, ctx) => `both ${ctx.currentKey} ${ctx.state.left.value()} ${ctx.state.right.value()}`,
    });
  const checked = all
    .keyBy((p) => p.shop)
    .connect(rules.broadcast({ limits: mapState(Types.int, Types.int) }))
    .process({
      state: { seen: listState(Types.double) },
      onRecord(p, ctx) {
        ctx.state.seen.add(p.amount);
        ctx.timers.registerEventTimeTimer(END);
      },
      onBroadcast(r, ctx) {
        ctx.broadcast.limits.put(r.shop, r.limit);
      },
      // Rules may come after purchases; when the timer fires, all are there.
      onTimer(_, ctx) {
        const limit = ctx.broadcast.limits.get(ctx.currentKey) ?? 0;
        const above = [...ctx.state.seen.get()].filter((amount) => amount > limit).length;
        return `rule ${ctx.currentKey} ${above}`;
      },
    });
  const mixed = all.connect(rules).map(
    (p) => `mixed purchase ${p.id}`,
    (r) => `mixed rule ${r.shop}`,
  );
  together.union(checked, mixed).sinkTo(collectSink());
});

export function expected(): string[] {
  const all = purchases(COUNT);
  return [
    ...[...groupBy(all, (p) => p.user)].map(([user, list]) => `both ${user} ${list.length} ${list.length}`),
    ...[...groupBy(all, (p) => p.shop)].map(
      ([shop, list]) => `rule ${shop} ${list.filter((p) => p.amount > rule(shop).limit).length}`,
    ),
    ...all.map((p) => `mixed purchase ${p.id}`),
    ...Array.from({ length: RULES }, (_, i) => `mixed rule ${i}`),
  ];
}
