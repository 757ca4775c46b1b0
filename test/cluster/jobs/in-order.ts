import { arg, collectSink, generatorSource, job, WatermarkStrategy } from "millrace";

/** Sums numbers by their rest, over a shuffle; says so on the way. */
export default job(
  import.meta,
  "in-order",
  { args: { count: arg.int(), die: arg.boolean().default(false) } },
  (env, { count, die }) => {
    env
      .fromSource(
        generatorSource({ count, generate: (i) => i }),
        WatermarkStrategy.noWatermarks<number>(),
        "numbers",
      )
      .map((n) => {
        if (n === 0) console.log("the first number");
        // As a fault of the runtime would: outside of what tasks catch.
        if (die && n === 100) setImmediate(() => process.exit(3));
        return n;
      })
      .keyBy((n) => n % 10)
      .aggregate(
        (a) => ({ n: a.count() }),
        (key, { n }) => ({ key, n }),
      )
      .filter((r) => r.n === count / 10)
      .sinkTo(collectSink("counts"));
  },
);
