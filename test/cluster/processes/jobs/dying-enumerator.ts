import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { arg, generatorSource, job, WatermarkStrategy } from "millrace";
import { countDigits } from "../../../testing/count-digits.ts";

export const COUNT = 2000;

/** What ends the thread of an enumerator. */
const DEATHS = {
  exit: () => process.exit(3),
  heap: () => {
    const kept: object[] = [];
    for (;;) kept.push({ kept: kept.length });
  },
} satisfies Record<string, () => unknown>;

/** Counts numbers into files. Its source's enumerator ends its thread when a checkpoint is complete: once in each way, where there is a folder that keeps account. */
export default job(
  import.meta,
  "dying enumerator",
  { args: { output: arg.path(), how: arg.string(), once: arg.string().default("") } },
  (env, { output, how, once }) => {
    const names = how.split(",") as (keyof typeof DEATHS)[];
    const inner = generatorSource({ generate: (i) => i, count: COUNT, ratePerSecond: 2000 });
    const source: typeof inner = Object.create(inner) as typeof inner;
    source.createEnumerator = (context, restored) => {
      const enumerator = inner.createEnumerator(context, restored);
      enumerator.notifyCheckpointComplete = () => {
        const name = names.find((each) => once === "" || !existsSync(join(once, each)));
        if (name === undefined) return;
        if (once !== "") writeFileSync(join(once, name), "");
        DEATHS[name]();
      };
      return enumerator;
    };
    const numbers = env
      .fromSource(source, WatermarkStrategy.noWatermarks<number>(), "numbers")
      .uid("numbers");
    countDigits(numbers, output);
  },
);
