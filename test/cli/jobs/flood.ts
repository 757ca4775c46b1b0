/* Prints without end, as fast as it is read. */
import { generatorSource, job, WatermarkStrategy } from "millrace";

export default job(import.meta, "flood", {}, (env) => {
  env
    .fromSource(generatorSource({ generate: (n) => n }), WatermarkStrategy.noWatermarks(), "numbers")
    .print();
});
