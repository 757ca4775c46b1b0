import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { arg, discardSink, generatorSource, job, WatermarkStrategy } from "millrace";

/** What user code does, and should not: it ends threads and processes, or sends what can't be sent. */
const MISHAPS = {
  heap: () => {
    const kept: object[] = [];
    for (;;) kept.push({ kept: kept.length });
  },
  exit: () => process.exit(3),
  // `process.abort` is refused in threads.
  abort: () => process.kill(process.pid, "SIGABRT"),
  timer: () => {
    setTimeout(() => {
      throw new RangeError("thrown in a timer");
    });
  },
  rejection: () => void Promise.reject(new RangeError("nobody takes it")),
  large: () => "x".repeat(65 * 1024 * 1024),
  function: () => ({ reason: () => "functions can't be sent" }),
  loop: () => {
    for (;;);
  },
} satisfies Record<string, () => unknown>;

/** Whether nobody was here before; of two processes that come at the same moment, one is the first. */
function isFirst(account: string): boolean {
  try {
    writeFileSync(account, "", { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Records after which the first of them happens, the next after as many more. */
const BETWEEN = 200;
/** With so many records in a row, so that each subtask that has them sends one to another slot, where it must be encoded. */
const IN_A_ROW = 4;

/** Counts for ever, and has mishaps: in its builder, its enumerator or a function; each once, where there is a folder that keeps account. */
export default job(
  import.meta,
  "mishaps",
  {
    args: {
      what: arg.string().default(""),
      where: arg.oneOf("builder", "enumerator", "function").default("function"),
      once: arg.string().default(""),
    },
  },
  (env, { what, where, once }) => {
    const names = what.split(",").filter((name) => name !== "") as (keyof typeof MISHAPS)[];
    const happen = (name: keyof typeof MISHAPS): unknown => {
      return once === "" || isFirst(join(once, name)) ? MISHAPS[name]() : undefined;
    };
    if (where === "builder") names.forEach(happen);
    const inner = generatorSource({ generate: (i) => i, ratePerSecond: 1000 });
    const source: typeof inner = Object.create(inner) as typeof inner;
    source.createEnumerator = (context, restored) => {
      if (where === "enumerator") setTimeout(() => names.forEach(happen), 500);
      return inner.createEnumerator(context, restored);
    };
    env
      .fromSource(source, WatermarkStrategy.noWatermarks<number>(), "numbers")
      .uid("numbers")
      .rebalance()
      .map((n): unknown => {
        const name = n % BETWEEN < IN_A_ROW ? names[Math.floor(n / BETWEEN) - 1] : undefined;
        return where === "function" && name !== undefined ? (happen(name) ?? n) : n;
      })
      .name("risky")
      .uid("risky")
      .rebalance()
      .sinkTo(discardSink(), "nowhere");
  },
);
