import { arg, discardSink, generatorSource, job, WatermarkStrategy } from "millrace";
import { takeFile } from "../../testing/take-file.ts";

/** Counts for ever, each subtask for itself: nothing connects them. One of them fails for every file that is put at `fail`. */
export default job(
  import.meta,
  "regions",
  { args: { fail: arg.path().default("/nowhere") } },
  (env, { fail }) => {
    env
      .fromSource(
        generatorSource({ generate: (i) => i, ratePerSecond: 400 }),
        WatermarkStrategy.noWatermarks<number>(),
        "numbers",
      )
      .map((n) => {
        if (takeFile(fail)) throw new Error("on purpose");
        return n;
      })
      .sinkTo(discardSink(), "nowhere");
  },
);
