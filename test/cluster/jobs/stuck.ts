import { discardSink, generatorSource, job, WatermarkStrategy } from "millrace";

/** Has a function that never returns. */
export default job(import.meta, "stuck", {}, (env) => {
  env
    .fromSource(generatorSource({ generate: (i) => i }), WatermarkStrategy.noWatermarks<number>(), "numbers")
    .map((n) => {
      console.log(`stuck at ${n}`);
      for (;;);
    })
    .sinkTo(discardSink());
});
