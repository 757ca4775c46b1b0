import { existsSync, writeFileSync } from "node:fs";
import { arg, generatorSource, job, WatermarkStrategy } from "millrace";
import { countDigits } from "../../testing/count-digits.ts";
import { heldSource } from "../../testing/held-source.ts";

export const COUNT = 2000;

/** Counts numbers into files; a timer that its source's enumerator has set throws, once. */
export default job(
  import.meta,
  "crashing enumerator",
  { args: { output: arg.path(), trip: arg.path() } },
  (env, { output, trip }) => {
    const inner = heldSource(generatorSource({ generate: (i) => i, count: COUNT }), {
      holds: () => !existsSync(trip),
      first: () => COUNT / 4,
    });
    const source: typeof inner = Object.create(inner) as typeof inner;
    source.createEnumerator = (context, restored) => {
      console.log("an enumerator is made");
      setTimeout(() => {
        if (existsSync(trip)) return;
        writeFileSync(trip, "");
        throw new RangeError("nobody catches this");
      }, 300);
      return inner.createEnumerator(context, restored);
    };
    const numbers = env
      .fromSource(source, WatermarkStrategy.noWatermarks<number>(), "numbers")
      .uid("numbers");
    countDigits(numbers, output);
  },
);
