import { job, WatermarkStrategy } from "millrace";
import { collectSink } from "../collect.ts";
import { disturbedSource } from "../disturbance.ts";
import { groupBy, purchase, purchases } from "../events.ts";
import type { Purchase } from "../events.ts";

const COUNT = 2000;

/** Rolling reduce and aggregate: a result for every record, by composite and by primitive key. */
export default job(import.meta, "rolling", {}, (env) => {
  const all = env.fromSource(
    disturbedSource(COUNT, purchase),
    WatermarkStrategy.noWatermarks<Purchase>(),
    "purchases",
  );
  const counts = all
    .keyBy((p) => [p.user, p.shop])
    .aggregate(
      (a) => ({ n: a.count() }),
      ([user, shop], { n }) => `count ${user} ${shop} ${n}`,
    );
  const best = all
    .map((p) => ({ shop: p.shop, id: p.id, n: 1 }))
    .keyBy("shop")
    .reduce((a, b) => ({ shop: a.shop, id: Math.min(a.id, b.id), n: a.n + b.n }))
    .map((r) => `reduce ${r.shop} ${r.n}`);
  counts.union(best).sinkTo(collectSink());
});

export function expected(): string[] {
  const all = purchases(COUNT);
  const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);
  return [
    ...[...groupBy(all, (p) => `${p.user} ${p.shop}`)].flatMap(([key, list]) =>
      upTo(list.length).map((n) => `count ${key} ${n}`),
    ),
    ...[...groupBy(all, (p) => p.shop)].flatMap(([shop, list]) =>
      upTo(list.length).map((n) => `reduce ${shop} ${n}`),
    ),
  ];
}
