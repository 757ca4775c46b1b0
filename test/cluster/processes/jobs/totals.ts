import { existsSync } from "node:fs";
import { arg, fileSink, generatorSource, job, Types, valueState, WatermarkStrategy } from "millrace";
import { heldSource } from "../../../testing/held-source.ts";

/**
 * Totals by key of numbers that come slowly enough for something to happen meanwhile: each number comes out once, with its key's total. Where
 * a file `hurry` is named, a quarter of the numbers waits for it, and comes at once.
 */
export default job(
  import.meta,
  "totals",
  {
    args: {
      output: arg.path(),
      count: arg.int(),
      rate: arg.int().default(2000),
      hurry: arg.path().optional(),
    },
  },
  (env, { output, count, rate, hurry }) => {
    const numbers = { count, generate: (i: number) => i };
    const source =
      hurry === undefined
        ? generatorSource({ ...numbers, ratePerSecond: rate })
        : heldSource(generatorSource(numbers), {
            holds: () => !existsSync(hurry),
            first: () => 0,
            rate: () => rate,
            stopsAfter: (n) => n >= (count * 3) / 4,
          });
    env
      .fromSource(source, WatermarkStrategy.noWatermarks<number>(), "numbers")
      .setParallelism(1)
      .uid("numbers")
      .keyBy((n) => n % 10)
      .process({
        output: Types.string,
        state: { total: valueState(Types.int) },
        onRecord(n, ctx) {
          const total = (ctx.state.total.value() ?? 0) + n;
          ctx.state.total.update(total);
          ctx.collect(`${n % 10} ${total}`);
        },
      })
      .uid("totals")
      .sinkTo(fileSink({ path: output, format: "lines" }))
      .uid("files");
  },
);

/** What comes out, in any order: only where each number was counted once, and in its order. */
export function expectedTotals(count: number): readonly string[] {
  const totals = Array.from({ length: 10 }, () => 0);
  return Array.from({ length: count }, (_, n) => {
    totals[n % 10] = (totals[n % 10] as number) + n;
    return `${n % 10} ${totals[n % 10]}`;
  }).sort();
}
