import { appendFileSync, existsSync } from "node:fs";
import { arg, generatorSource, job, Types, valueState, WatermarkStrategy } from "millrace";
import type { Sink } from "millrace";
import { takeFile } from "../../testing/take-file.ts";

const KEYS = 20;
const Item = Types.object({ key: Types.int, n: Types.int, text: Types.string });

/**
 * Takes some records, then none until the file `gate` is there, then at most `pace` in a millisecond or two, until the file `hurry` is
 * there. Appends what it takes to `output`, a line each.
 */
const heldSink = (gate: string, hurry: string, output: string, free: number, pace: number): Sink<string> => ({
  name: "held sink",
  guarantee: "at-least-once",
  createWriter(context) {
    let taken = 0;
    let open = false;
    let room = pace;
    const rest = (): void => {
      room = existsSync(hurry) ? Infinity : pace;
      context.wakeUp();
    };
    const look = (): void => {
      open = existsSync(gate);
      if (open) context.wakeUp();
      else context.clock.schedule(2, look);
    };
    look();
    return {
      get ready() {
        return open ? room > 0 : taken < free;
      },
      write(line) {
        taken++;
        if (--room === 0) context.clock.schedule(1, rest);
        appendFileSync(output, `${line}\n`);
      },
      flush() {},
      close() {},
    };
  },
});

/**
 * Numbers the records of each key in one place, checks the numbers in another, and writes "key number sum". A record that is lost, comes twice
 * or overtakes another of its key shows as a line "... is wrong". Fails once when the file `trip` is there.
 */
export default job(
  import.meta,
  "held",
  {
    args: {
      count: arg.int(),
      gate: arg.path(),
      hurry: arg.path(),
      output: arg.path(),
      trip: arg.path(),
      free: arg.int().default(40),
      pace: arg.int().default(1_000_000),
    },
  },
  (env, { count, gate, hurry, output, trip, free, pace }) => {
    const text = "x".repeat(100);
    env
      .fromSource(
        generatorSource({ count, generate: (i) => ({ key: i % KEYS, n: i, text }) }),
        WatermarkStrategy.noWatermarks<{ key: number; n: number; text: string }>(),
        "items",
      )
      .uid("items")
      .setParallelism(1)
      .rebalance()
      .map((item) => item)
      .returns(Item)
      .uid("pass")
      .keyBy((item) => item.key)
      .process({
        output: Item,
        state: { count: valueState(Types.int) },
        onRecord({ key, n, text: padding }, ctx) {
          const number = (ctx.state.count.value() ?? 0) + 1;
          ctx.state.count.update(number);
          ctx.collect({ key, n: number, text: `${n} ${padding}` });
        },
      })
      .uid("number")
      .keyBy((item) => item.key)
      .process({
        output: Types.string,
        state: { last: valueState(Types.int), sum: valueState(Types.double) },
        onRecord(item, ctx) {
          if (item.n % 16 === 0 && takeFile(trip)) throw new RangeError("tripped");
          const last = ctx.state.last.value() ?? 0;
          const sum = (ctx.state.sum.value() ?? 0) + Number.parseInt(item.text, 10);
          ctx.state.last.update(item.n);
          ctx.state.sum.update(sum);
          ctx.collect(`${item.key} ${item.n} ${sum}${item.n === last + 1 ? "" : ` is wrong after ${last}`}`);
        },
      })
      .uid("check")
      .rebalance()
      .sinkTo(heldSink(gate, hurry, output, free, pace))
      .uid("out");
  },
);
