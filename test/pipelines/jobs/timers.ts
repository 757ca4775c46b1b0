import { job, listState, outputTag, Types, valueState, WatermarkStrategy } from "millrace";
import { collectSink } from "../collect.ts";
import { disturbedSource } from "../disturbance.ts";
import { DISORDER, groupBy, purchase, purchases } from "../events.ts";
import type { Purchase } from "../events.ts";

const COUNT = 2000;
const HOUR = 2500;
const dear = outputTag<string>("dear");

/** Keyed state and event-time timers, with a side output. */
export default job(import.meta, "timers", {}, (env) => {
  const bills = env
    .fromSource(
      disturbedSource(COUNT, purchase),
      WatermarkStrategy.forBoundedOutOfOrderness<Purchase>(DISORDER).withTimestamps((p) => p.at),
      "purchases",
    )
    .keyBy((p) => p.user)
    .process({
      state: { ids: listState(Types.int), total: valueState(Types.int, { defaultValue: () => 0 }) },
      outputs: { dear },
      output: Types.string,
      onRecord(p, ctx) {
        ctx.state.ids.add(p.id);
        ctx.state.total.update(ctx.state.total.value() + Math.round(p.amount * 100));
        ctx.timers.registerEventTimeTimer((Math.floor(p.at / HOUR) + 2) * HOUR);
        if (p.amount > 99) ctx.output(dear, `dear ${p.id}`);
      },
      onTimer(time, ctx) {
        // The last timer of a user sees everything: bounded disorder is far below the time a timer waits.
        ctx.collect(`timer ${ctx.currentKey} ${time}`);
      },
    });
  bills.union(bills.sideOutputs.dear).sinkTo(collectSink());
});

export function expected(): string[] {
  const all = purchases(COUNT);
  const timers = [...groupBy(all, (p) => p.user)].flatMap(([user, list]) =>
    [...new Set(list.map((p) => (Math.floor(p.at / HOUR) + 2) * HOUR))].map(
      (time) => `timer ${user} ${time}`,
    ),
  );
  return [...timers, ...all.filter((p) => p.amount > 99).map((p) => `dear ${p.id}`)];
}
