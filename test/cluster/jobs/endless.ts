import { generatorSource, job, WatermarkStrategy } from "millrace";

/** Counts for ever. */
export default job(import.meta, "endless", {}, (env) => {
  env
    .fromSource(generatorSource({ generate: (i) => i }), WatermarkStrategy.noWatermarks<number>(), "numbers")
    .keyBy((n) => n % 10)
    .aggregate(
      (a) => ({ n: a.count() }),
      (key, { n }) => ({ key, n }),
    )
    .filter((r) => r.n % 10_000 === 0)
    .print();
});
