import { job, WatermarkStrategy } from "millrace";
import { collectSink } from "../collect.ts";
import { disturbedSource } from "../disturbance.ts";
import { purchase, purchases } from "../events.ts";
import type { Purchase } from "../events.ts";

const COUNT = 2400;

/** map, filter, flatMap in both its forms, union, and every way to spread records. */
export default job(import.meta, "stateless", {}, (env) => {
  const source = (name: string) =>
    env.fromSource(disturbedSource(COUNT, purchase), WatermarkStrategy.noWatermarks<Purchase>(), name);
  const big = source("big")
    .filter((p) => p.amount > 20)
    .map((p) => ({ id: p.id, text: `${p.user}:${p.shop}` }))
    .rebalance()
    .flatMap((p) => (p.id % 3 === 0 ? [] : [p, { ...p, text: p.text.toUpperCase() }]));
  const small = source("small")
    .filter((p) => p.amount <= 20)
    .shuffle()
    .flatMap<{ id: number; text: string }>((p, out) => {
      for (let i = 0; i < p.shop % 3; i++) out.collect({ id: p.id, text: `small ${i}` });
    })
    .rescale()
    .map((p) => p);
  big
    .union(small)
    .partitionCustom(
      (p) => p.id,
      (id, parallelism) => id % parallelism,
    )
    .map((p) => `${p.id} ${p.text}`)
    .sinkTo(collectSink());
});

export function expected(): string[] {
  return purchases(COUNT).flatMap((p) => {
    const text = `${p.user}:${p.shop}`;
    if (p.amount > 20) return p.id % 3 === 0 ? [] : [`${p.id} ${text}`, `${p.id} ${text.toUpperCase()}`];
    return Array.from({ length: p.shop % 3 }, (_, i) => `${p.id} small ${i}`);
  });
}
