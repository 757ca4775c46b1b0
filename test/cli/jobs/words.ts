/* Counts the words of standard input. */
import { GlobalWindows, job, stdinSource, WatermarkStrategy } from "millrace";

export default job(import.meta, "words", {}, (env) => {
  env
    .fromSource(stdinSource(), WatermarkStrategy.noWatermarks(), "lines")
    .flatMap((line) => line.split(/\s+/u).filter((word) => word !== ""))
    .keyBy((word) => word)
    .window(GlobalWindows.createWithEndOfStreamTrigger())
    .aggregate(
      (a) => a.count(),
      (word, _window, count) => `${word} ${count}`,
    )
    .print();
});
