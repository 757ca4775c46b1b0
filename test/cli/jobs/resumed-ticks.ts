import { arg, createSource, job, Types, WatermarkStrategy } from "millrace";

const Tick = Types.object({ key: Types.int, n: Types.int });

/** Two splits that give some records every few milliseconds, and go on where they were. */
const ticks = (count: number) =>
  createSource({
    name: "ticks",
    boundedness: "bounded",
    schema: Tick,
    splits: () => [{ splitId: "a" }, { splitId: "b" }],
    read: async function* () {
      for (let n = 0; n < count; n++) {
        if (n % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 20));
        yield { key: n % 7, n };
      }
    },
  });

export default job(import.meta, "ticks", { args: { count: arg.int() } }, (env, args) => {
  env
    .fromSource(ticks(args.count), WatermarkStrategy.noWatermarks())
    .keyBy("key")
    .reduce((a, b) => ({ key: a.key, n: a.n + b.n }))
    .print();
});
