import { arg, createSource, discardSink, generatorSource, job, Types, WatermarkStrategy } from "millrace";
import type { DataStream } from "millrace";

class Money {
  readonly cents = 1;
}

/** A job that goes wrong in the way that is asked for. */
export default job(import.meta, "failing", { args: { how: arg.string() } }, (env, { how }) => {
  const none = WatermarkStrategy.noWatermarks<number>();
  const numbers: DataStream<number> =
    how === "enumerator"
      ? env.fromSource(
          createSource<number>({
            name: "broken source",
            boundedness: "bounded",
            splits: async () => {
              throw new RangeError("no splits today");
            },
            read: async function* () {},
          }),
          none,
          "numbers",
        )
      : env.fromSource(generatorSource({ count: 10_000, generate: (i) => i }), none, "numbers");
  const broken: Readonly<Record<string, () => DataStream<unknown>>> = {
    enumerator: () => numbers,
    function: () =>
      numbers
        .map((n) => ({ n }))
        .rebalance()
        .map((r) => {
          if (r.n === 5000) throw new RangeError("five thousand!");
          return r;
        })
        .name("counter"),
    exit: () => numbers.rebalance().map((n) => (n === 5000 ? process.exit(3) : n)),
    key: () =>
      numbers
        .map((n) => ({ n, key: n === 5000 ? (undefined as unknown as string) : "k" }))
        .keyBy((r) => r.key)
        .reduce((a) => a),
    nan: () =>
      numbers
        .map((n) => ({ key: n === 5000 ? Number.NaN : n }))
        .keyBy((r) => r.key)
        .reduce((a) => a),
    type: () =>
      numbers
        .map((n) => ({ n: n === 5000 ? "five thousand" : n }) as { n: number })
        .returns(Types.object({ n: Types.int }))
        .rebalance()
        .map((r) => r),
    instance: () =>
      numbers
        .map(() => ({ price: new Money() }))
        .rebalance()
        .map((r) => r),
    promise: () => numbers.map((n) => (n >= 0 ? (Promise.resolve(n) as unknown as number) : n)),
    timestamp: () =>
      numbers.assignTimestampsAndWatermarks(
        WatermarkStrategy.forMonotonousTimestamps<number>().withTimestamps(
          () => undefined as unknown as number,
        ),
      ),
    open: () =>
      numbers.map({
        open() {
          throw new RangeError("can't open");
        },
        map: (n: number) => n,
      }),
    random: () => numbers.map((n) => n).name(`step ${Math.random()}`),
  };
  (broken[how] as () => DataStream<unknown>)().sinkTo(discardSink());
});
