/* Ticks for ever, or some times, with a sink that says when it is closed. */
import { setTimeout } from "node:timers/promises";
import { arg, createSink, generatorSource, job, seconds, WatermarkStrategy } from "millrace";

export default job(
  import.meta,
  "ticks",
  {
    args: {
      rate: arg.int().default(50),
      count: arg.int().optional(),
      closing: arg.int().default(0).describe("how long the sink takes to close, ms"),
    },
  },
  (env, { rate, count, closing }) => {
    const ticks = generatorSource({ generate: (tick) => tick, ratePerSecond: rate, count });
    const stream = env
      .fromSource(
        ticks,
        // Ticks of 2001, ten seconds apart.
        WatermarkStrategy.forMonotonousTimestamps<number>().withTimestamps(
          (tick) => Date.UTC(2001, 0, 1) + tick * seconds(10),
        ),
        "ticks",
      )
      .setParallelism(1)
      .map((tick) => `tick ${tick}`)
      .name("tell");
    stream.print();
    stream
      .sinkTo(
        createSink({
          name: "witness",
          write: () => undefined,
          close: async () => {
            console.log("closed");
            await setTimeout(closing);
          },
        }),
      )
      .setParallelism(1);
  },
);
