/* Counts numbers in the tone of jobs/tone.ts. Rewritten while it runs. */
import { generatorSource, job, Types, valueState, WatermarkStrategy } from "millrace";
import { tone } from "./tone.ts";

export default job(import.meta, "dev", {}, (env) => {
  env
    .fromSource(
      generatorSource({ generate: (n) => n, ratePerSecond: 100, schema: Types.int }),
      WatermarkStrategy.noWatermarks(),
      "numbers",
    )
    .uid("numbers")
    .setParallelism(1)
    .keyBy((n) => n % 2)
    .process({
      state: { seen: valueState(Types.int, { defaultValue: () => 0 }) },
      output: Types.string,
      onRecord(n, ctx) {
        const seen = ctx.state.seen.value() + 1;
        ctx.state.seen.update(seen);
        ctx.collect(`${tone} ${n} ${seen}`);
      },
    })
    .uid("count")
    .name("count")
    .setParallelism(1)
    .print()
    .uid("out")
    .setParallelism(1);
});
