import { existsSync } from "node:fs";
import { arg, generatorSource, job, WatermarkStrategy } from "millrace";
import { countDigits } from "../../testing/count-digits.ts";
import { heldSource } from "../../testing/held-source.ts";
import { takeFile } from "../../testing/take-file.ts";

export const COUNT = 3000;

/**
 * Counts numbers by their last digit into files: half of them at most until the file `go` is there. The thread of one of its tasks ends,
 * once, when the file `trip` is there.
 */
export default job(
  import.meta,
  "counted",
  { args: { output: arg.path(), trip: arg.path(), go: arg.path() } },
  (env, { output, trip, go }) => {
    const source = heldSource(generatorSource({ generate: (i) => i, count: COUNT }), {
      holds: () => !existsSync(go),
      first: (parallelism) => COUNT / 2 / parallelism,
    });
    const numbers = env
      .fromSource(source, WatermarkStrategy.noWatermarks<number>(), "numbers")
      .keyBy((n) => n % 10)
      .map((n) => {
        if (takeFile(trip)) process.exit(1);
        return n;
      });
    countDigits(numbers, output);
  },
);
