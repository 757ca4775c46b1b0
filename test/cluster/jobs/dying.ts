import { discardSink, generatorSource, job, WatermarkStrategy } from "millrace";

/** An endless job of which one thread ends in the middle. */
export default job(import.meta, "dying", {}, (env) => {
  env
    .fromSource(generatorSource({ generate: (i) => i }), WatermarkStrategy.noWatermarks<number>(), "numbers")
    .rebalance()
    .map((n) => (n === 5000 ? process.exit(3) : n))
    .sinkTo(discardSink());
});
