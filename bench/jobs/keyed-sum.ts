import { arg, discardSink, job, Types, valueState, WatermarkStrategy } from "millrace";
import { preparedSource } from "../prepared-source.ts";

/** A sum for each key behind a shuffle: the source in one thread, the sum in another. */
export default job(
  import.meta,
  "keyed-sum",
  { args: { keys: arg.int(), records: arg.int() } },
  (env, args) => {
    const Entry = Types.object({ key: Types.int, value: Types.int });
    const entries = Array.from({ length: 1 << 21 }, (_, i) => ({
      key: (Math.imul(i, 2_654_435_761) >>> 0) % args.keys,
      value: i & 1023,
    }));
    env
      .fromSource(
        preparedSource(entries, args.records, (i) => i),
        WatermarkStrategy.noWatermarks(),
        "entries",
      )
      .returns(Entry)
      .setParallelism(1)
      .slotSharingGroup("source")
      .keyBy((e) => e.key)
      .process({
        state: { sum: valueState(Types.object({ value: Types.double })) },
        onRecord(entry, ctx) {
          ctx.state.sum.mutate(
            (sum) => {
              sum.value += entry.value;
            },
            () => ({ value: 0 }),
          );
        },
      })
      .setParallelism(1)
      .slotSharingGroup("sum")
      .sinkTo(discardSink())
      .setParallelism(1)
      .slotSharingGroup("sum");
  },
);
