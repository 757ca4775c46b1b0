import { arg, job } from "millrace";
import { countDigits } from "../../testing/count-digits.ts";
import { takeFile } from "../../testing/take-file.ts";

export const COUNT = 3000;

/** Counts numbers by their last digit into files; the thread of one of its tasks ends, once, when the file `trip` is there. */
export default job(
  import.meta,
  "counted",
  { args: { output: arg.path(), trip: arg.path() } },
  (env, { output, trip }) => {
    const numbers = env
      .generate({ generate: (i) => i, count: COUNT, ratePerSecond: 1500 })
      .keyBy((n) => n % 10)
      .map((n) => {
        if (takeFile(trip)) process.exit(1);
        return n;
      });
    countDigits(numbers, output);
  },
);
