import { job, TumblingEventTimeWindows, WatermarkStrategy } from "millrace";
import { collectSink } from "../collect.ts";
import { disturbedSource } from "../disturbance.ts";
import { DISORDER, purchase, purchases } from "../events.ts";
import type { Purchase } from "../events.ts";

const COUNT = 1200;
const SIZE = 500;
const [LOWER, UPPER] = [-40, 60];

/** What is bought, and what is brought back: every fourth purchase, a little later. */
const back = (i: number): Purchase => ({ ...purchase(i * 4), id: i, at: purchase(i * 4).at + 30 });

/** Window join, coGroup and interval join of two streams by user. */
export default job(import.meta, "joins", {}, (env) => {
  const strategy = WatermarkStrategy.forBoundedOutOfOrderness<Purchase>(DISORDER).withTimestamps((p) => p.at);
  const bought = env.fromSource(disturbedSource(COUNT, purchase), strategy, "bought");
  const returned = env.fromSource(disturbedSource(COUNT / 4, back), strategy, "returned");
  const joined = bought
    .join(returned)
    .where((p) => p.user)
    .equalTo((r) => r.user)
    .window(TumblingEventTimeWindows.of(SIZE))
    .apply((p, r) => `join ${p.id} ${r.id}`);
  const grouped = bought
    .coGroup(returned)
    .where((p) => p.shop)
    .equalTo((r) => r.shop)
    .window(TumblingEventTimeWindows.of(SIZE))
    .apply((ps, rs, shop, window) => `group ${shop} ${window.start} ${ps.length} ${rs.length}`);
  const near = bought
    .keyBy((p) => p.user)
    .intervalJoin(returned.keyBy((r) => r.user))
    .between(LOWER, UPPER)
    .upperBoundExclusive()
    .join((p, r) => `near ${p.id} ${r.id}`);
  joined.union(grouped, near).sinkTo(collectSink());
});

export function expected(): string[] {
  const bought = purchases(COUNT);
  const returned = Array.from({ length: COUNT / 4 }, (_, i) => back(i));
  const lines: string[] = [];
  const window = (at: number): number => Math.floor(at / SIZE) * SIZE;
  for (const p of bought) {
    for (const r of returned) {
      if (p.user !== r.user) continue;
      if (window(p.at) === window(r.at)) lines.push(`join ${p.id} ${r.id}`);
      if (r.at - p.at >= LOWER && r.at - p.at < UPPER) lines.push(`near ${p.id} ${r.id}`);
    }
  }
  const count = (list: readonly Purchase[], shop: number, start: number): number =>
    list.filter((item) => item.shop === shop && window(item.at) === start).length;
  for (const key of new Set([...bought, ...returned].map((item) => `${item.shop} ${window(item.at)}`))) {
    const [shop, start] = key.split(" ").map(Number) as [number, number];
    lines.push(`group ${shop} ${start} ${count(bought, shop, start)} ${count(returned, shop, start)}`);
  }
  return lines;
}
