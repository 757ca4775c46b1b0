import { arg, fileSink, generatorSource, job, WatermarkStrategy } from "millrace";

/** Writes numbers into files for ever. */
export default job(import.meta, "endless-files", { args: { output: arg.path() } }, (env, { output }) => {
  env
    .fromSource(
      generatorSource({ generate: (i) => ({ i }), ratePerSecond: 2000 }),
      WatermarkStrategy.noWatermarks<{ i: number }>(),
      "numbers",
    )
    .sinkTo(fileSink({ path: output, format: "jsonl", rolling: { maxSize: 4096 } }));
});
