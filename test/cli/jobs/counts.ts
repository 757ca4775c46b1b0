/* Counts numbers by their rest, and says each count. Runs for ever unless it is told how many there are. */
import { arg, generatorSource, job, Types, valueState, WatermarkStrategy } from "millrace";

export default job(
  import.meta,
  "counts",
  { args: { count: arg.int().optional(), rate: arg.int().default(50), fail: arg.int().optional() } },
  (env, { count, rate, fail }) => {
    env
      .fromSource(
        generatorSource({ generate: (n) => n, ratePerSecond: rate, count, schema: Types.int }),
        WatermarkStrategy.noWatermarks(),
        "numbers",
      )
      .uid("numbers")
      .setParallelism(1)
      .keyBy((n) => n % 3)
      .process({
        state: { seen: valueState(Types.int, { defaultValue: () => 0 }) },
        output: Types.object({ rest: Types.int, n: Types.int, seen: Types.int }),
        onRecord(n, ctx) {
          if (n === fail && ctx.runtime.attempt === 0) throw new RangeError(`${n} is too much`);
          const seen = ctx.state.seen.value() + 1;
          ctx.state.seen.update(seen);
          ctx.collect({ rest: ctx.currentKey, n, seen });
        },
      })
      .uid("count")
      .name("count")
      .map(({ rest, n, seen }) => `${n}: ${seen} of ${rest}`)
      .uid("tell")
      .setParallelism(1)
      .print()
      .uid("out")
      .setParallelism(1);
  },
);
