import { arg, discardSink, job, sequenceSource, WatermarkStrategy } from "millrace";

/** A job that is over at once. */
export default job(import.meta, "short", { args: { count: arg.int().default(1000) } }, (env, { count }) => {
  env
    .fromSource(sequenceSource(1, count), WatermarkStrategy.noWatermarks<number>(), "numbers")
    .keyBy((n) => n % 7)
    .reduce((a, b) => a + b)
    .sinkTo(discardSink());
});
