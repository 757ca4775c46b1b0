import {
  EventTimeSessionWindows,
  job,
  SlidingEventTimeWindows,
  TumblingEventTimeWindows,
  WatermarkStrategy,
} from "millrace";
import { collectSink } from "../collect.ts";
import { disturbedSource } from "../disturbance.ts";
import { DISORDER, groupBy, purchase, purchases } from "../events.ts";
import type { Purchase } from "../events.ts";

const COUNT = 2400;
const SIZE = 1000;
const SLIDE = 400;
const GAP = 120;

/** Tumbling, sliding (shared slices) and session windows over one shuffled stream that is out of order. */
export default job(import.meta, "windows", {}, (env) => {
  const byUser = env
    .fromSource(
      disturbedSource(COUNT, purchase),
      WatermarkStrategy.forBoundedOutOfOrderness<Purchase>(DISORDER).withTimestamps((p) => p.at),
      "purchases",
    )
    .keyBy((p) => p.user);
  const tumbling = byUser.window(TumblingEventTimeWindows.of(SIZE, 100)).aggregate(
    (a) => ({ n: a.count(), top: a.max((p) => p.amount), shops: a.countDistinct((p) => p.shop) }),
    (user, window, r) => `tumbling ${user} ${window.start} ${r.n} ${r.top} ${r.shops}`,
  );
  const sliding = byUser.window(SlidingEventTimeWindows.of(SIZE, SLIDE)).aggregate(
    (a) => ({ n: a.count(), low: a.min((p) => p.amount) }),
    (user, window, r) => `sliding ${user} ${window.start} ${r.n} ${r.low}`,
  );
  const sessions = byUser.window(EventTimeSessionWindows.withGap(GAP)).reduce(
    (a, b) => (a.amount > b.amount || (a.amount === b.amount && a.id < b.id) ? a : b),
    (user, window, best) => `session ${user} ${window.start} ${window.end} ${best.id}`,
  );
  const counts = byUser.window(TumblingEventTimeWindows.of(SIZE)).process({
    onWindow: (records, ctx) =>
      `process ${ctx.key} ${ctx.window.start} ${[...records]
        .map((p) => p.id)
        .sort((x, y) => x - y)
        .join(",")}`,
  });
  tumbling.union(sliding, sessions, counts).sinkTo(collectSink());
});

export function expected(): string[] {
  const all = purchases(COUNT);
  const start = (at: number, size: number, offset: number): number =>
    at - ((((at - offset) % size) + size) % size);
  const lines: string[] = [];
  for (const [user, list] of groupBy(all, (p) => p.user)) {
    for (const [from, items] of groupBy(list, (p) => start(p.at, SIZE, 100))) {
      const top = Math.max(...items.map((p) => p.amount));
      lines.push(`tumbling ${user} ${from} ${items.length} ${top} ${new Set(items.map((p) => p.shop)).size}`);
    }
    for (const [from, items] of groupBy(list, (p) => start(p.at, SIZE, 0))) {
      lines.push(
        `process ${user} ${from} ${items
          .map((p) => p.id)
          .sort((x, y) => x - y)
          .join(",")}`,
      );
    }
    const starts = new Set(
      list.flatMap((p) =>
        Array.from({ length: Math.ceil(SIZE / SLIDE) + 1 }, (_, i) => start(p.at, SLIDE, 0) - i * SLIDE),
      ),
    );
    for (const from of starts) {
      const items = list.filter((p) => p.at >= from && p.at < from + SIZE);
      if (items.length > 0)
        lines.push(`sliding ${user} ${from} ${items.length} ${Math.min(...items.map((p) => p.amount))}`);
    }
    const sorted = [...list].sort((a, b) => a.at - b.at);
    let session: Purchase[] = [];
    const close = (): void => {
      if (session.length === 0) return;
      const best = session.reduce((a, b) =>
        a.amount > b.amount || (a.amount === b.amount && a.id < b.id) ? a : b,
      );
      lines.push(`session ${user} ${session[0]?.at} ${(session.at(-1) as Purchase).at + GAP} ${best.id}`);
    };
    for (const p of sorted) {
      // Windows that only touch are merged, as in Flink.
      if (session.length > 0 && p.at > (session.at(-1) as Purchase).at + GAP) {
        close();
        session = [];
      }
      session.push(p);
    }
    close();
  }
  return lines;
}
