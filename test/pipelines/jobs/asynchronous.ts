import { setTimeout as sleep } from "node:timers/promises";
import { job, WatermarkStrategy } from "millrace";
import { collectSink } from "../collect.ts";
import { disturbedSource } from "../disturbance.ts";
import { purchase, purchases } from "../events.ts";
import type { Purchase } from "../events.ts";

const COUNT = 600;

/** Asynchronous calls, in order and out of order, some of which fail at first; and poison records that are skipped. */
export default job(import.meta, "asynchronous", {}, (env) => {
  const all = env.fromSource(
    disturbedSource(COUNT, purchase),
    WatermarkStrategy.noWatermarks<Purchase>(),
    "purchases",
  );
  const ordered = all.asyncMap(
    async (p) => {
      if (p.id % 5 === 0) await sleep(p.id % 3);
      return `ordered ${p.id}`;
    },
    { capacity: 20 },
  );
  const unordered = all.asyncFlatMap(
    async (p, { attempt }) => {
      if (p.id % 50 === 0 && attempt < 3) throw new RangeError("try again");
      return Array.from({ length: p.id % 3 }, (_, i) => `unordered ${p.id} ${i}`);
    },
    { mode: "unordered", capacity: 7, retry: { maxAttempts: 3, delay: 1 } },
  );
  const strict = all
    .map((p) => {
      if (p.id % 10 === 3) throw new RangeError(`bad purchase ${p.id}`);
      return `strict ${p.id}`;
    })
    .onPoisonRecord("skip");
  ordered.union(unordered, strict).sinkTo(collectSink());
});

export function expected(): string[] {
  return purchases(COUNT).flatMap((p) => [
    `ordered ${p.id}`,
    ...Array.from({ length: p.id % 3 }, (_, i) => `unordered ${p.id} ${i}`),
    ...(p.id % 10 === 3 ? [] : [`strict ${p.id}`]),
  ]);
}
