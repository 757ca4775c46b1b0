/* Has state for 50,000 keys; says so, and goes on. */
import { generatorSource, job, Types, valueState, WatermarkStrategy } from "millrace";

const KEYS = 50_000;

export default job(import.meta, "many", {}, (env) => {
  env
    .fromSource(
      generatorSource({ generate: (n) => n, ratePerSecond: 200_000, schema: Types.int }),
      WatermarkStrategy.noWatermarks(),
      "numbers",
    )
    .setParallelism(1)
    .keyBy((n) => n % KEYS)
    .process({
      state: { latest: valueState(Types.int) },
      output: Types.string,
      onRecord(n, ctx) {
        ctx.state.latest.update(n);
        if (n === KEYS) ctx.collect("all keys");
      },
    })
    .uid("keys")
    .print();
});
