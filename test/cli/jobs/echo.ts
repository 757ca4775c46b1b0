/* Answers each line of standard input. */
import { job, stdinSource, WatermarkStrategy } from "millrace";

export default job(import.meta, "echo", {}, (env) => {
  env
    .fromSource(stdinSource(), WatermarkStrategy.noWatermarks(), "lines")
    .map((line) => `heard ${line}`)
    .print();
});
