/* Ticks for ever into a sink that never finishes flushing: no snapshot of it is ever taken. */
import { createSink, generatorSource, job, WatermarkStrategy } from "millrace";

export default job(import.meta, "stuck", {}, (env) => {
  const ticks = env
    .fromSource(
      generatorSource({ generate: (n) => n, ratePerSecond: 50 }),
      WatermarkStrategy.noWatermarks(),
      "ticks",
    )
    .setParallelism(1)
    .map((n) => `tick ${n}`);
  ticks.print();
  ticks.sinkTo(
    createSink({ name: "stuck", write: () => undefined, flush: () => new Promise<void>(() => {}) }),
  );
});
