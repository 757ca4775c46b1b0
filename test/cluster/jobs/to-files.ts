import { arg, fileSink, generatorSource, job, WatermarkStrategy } from "millrace";

/** Writes numbers as JSON lines; fails at one of them where that is asked for. */
export default job(
  import.meta,
  "to-files",
  { args: { output: arg.path(), count: arg.int(), failAt: arg.int().default(-1) } },
  (env, { output, count, failAt }) => {
    env
      .fromSource(
        generatorSource({ count, generate: (i) => ({ i }) }),
        WatermarkStrategy.noWatermarks<{ i: number }>(),
        "numbers",
      )
      .rebalance()
      .map((record) => {
        if (record.i === failAt) throw new RangeError("enough");
        return record;
      })
      .sinkTo(fileSink({ path: output, format: "jsonl" }));
  },
);
