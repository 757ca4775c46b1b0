import { arg, fileSink, generatorSource, job, Types, valueState, WatermarkStrategy } from "millrace";

/** Totals by key of numbers that come slowly enough for something to happen meanwhile: each number comes out once, with its key's total. */
export default job(
  import.meta,
  "totals",
  { args: { output: arg.path(), count: arg.int(), rate: arg.int().default(2000) } },
  (env, { output, count, rate }) => {
    env
      .fromSource(
        generatorSource({ count, generate: (i) => i, ratePerSecond: rate }),
        WatermarkStrategy.noWatermarks<number>(),
        "numbers",
      )
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
