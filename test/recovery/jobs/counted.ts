import { existsSync, writeFileSync } from "node:fs";
import { arg, fileSink, job } from "millrace";

export const COUNT = 3000;

/** Counts numbers by their last digit into files; the thread of one of its tasks ends, once, when the file `trip` is there. */
export default job(
  import.meta,
  "counted",
  { args: { output: arg.path(), trip: arg.path() } },
  (env, { output, trip }) => {
    env
      .generate({ generate: (i) => i, count: COUNT, ratePerSecond: 1500 })
      .keyBy((n) => n % 10)
      .map((n) => {
        if (existsSync(trip) && !existsSync(`${trip}.over`)) {
          writeFileSync(`${trip}.over`, "");
          process.exit(1);
        }
        return n;
      })
      .keyBy((n) => n % 10)
      .aggregate(
        (a) => ({ n: a.count() }),
        (digit, { n }) => `${digit} ${n}`,
      )
      .uid("counts")
      .sinkTo(fileSink({ path: output, format: "lines" }));
  },
);
