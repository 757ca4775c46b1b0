/*
 * Flight delays: the airports with the worst delays of each day, as the days close, from three million flights in the
 * United States in the first half of 2001. This is the demo: `npm run demo`.
 *
 * Shows: Parquet files as a source, event time from records, daily windows by airport, a second window over their
 * results, a file sink beside a printed table.
 *
 *   npx millrace run examples/flight-delays.ts
 *   npx millrace run examples/flight-delays.ts -p 1 -- --top 3 --output /tmp/delays
 */
import { join } from "node:path";
import { parquetSource } from "@millrace/connector-parquet";
import {
  arg,
  days,
  fileSink,
  job,
  minutes,
  printSink,
  TumblingEventTimeWindows,
  Types,
  WatermarkStrategy,
} from "millrace";

const Flight = Types.object({
  date: Types.timestamp,
  delay: Types.int,
  origin: Types.string,
});

export default job(
  import.meta,
  "flight delays",
  {
    description: "The airports with the worst delays of each day",
    args: {
      input: arg
        .path()
        .default(join(import.meta.dirname, "../node_modules/vega-datasets/data/flights-3m.parquet"))
        .describe("flights, as Parquet"),
      output: arg
        .path()
        .optional()
        .describe("a directory for the daily averages of all airports, as JSON lines"),
      top: arg.int().default(5).describe("how many airports to show for each day"),
      minimum: arg.int().default(50).describe("flights that an airport must have had on a day to be shown"),
    },
  },
  (env, args) => {
    const daily = env
      .fromSource(
        parquetSource({ path: args.input, schema: Flight }),
        WatermarkStrategy.forBoundedOutOfOrderness(minutes(5)).withTimestamps((flight) => flight.date),
        "flights",
      )
      .keyBy("origin")
      .window(TumblingEventTimeWindows.of(days(1)))
      .aggregate(
        (a) => ({ flights: a.count(), delay: a.avg((flight) => flight.delay) }),
        (airport, window, result) => ({ airport, day: window.start, ...result }),
      )
      .name("daily delays");

    // The results carry the time of their window, so that windows over them close when all airports' days have.
    daily
      .filter((airport) => airport.flights >= args.minimum)
      .windowAll(TumblingEventTimeWindows.of(days(1)))
      .aggregate(
        (a) => ({ flights: a.sum((it) => it.flights), worst: a.top(args.top, (it) => it.delay) }),
        (window, { flights, worst }) => ({ day: window.start, flights, worst }),
      )
      .name("worst of the day")
      .sinkTo(
        printSink({
          format: ({ day, flights, worst }) => {
            const airports = worst.map(
              ({ airport, delay }) => `${airport} ${delay.toFixed(1).padStart(5)} min`,
            );
            return `${date(day)}  ${String(flights).padStart(6)} flights   ${airports.join("   ")}`;
          },
        }),
        "table",
      )
      // The days come in order from one subtask; several sinks would print them in any.
      .setParallelism(1);

    if (args.output !== undefined) {
      daily.sinkTo(fileSink({ path: args.output, format: "jsonl" }), "daily averages");
    }
  },
);

const date = (day: number): string =>
  new Date(day).toLocaleDateString("en-GB", {
    timeZone: "UTC",
    weekday: "short",
    day: "2-digit",
    month: "short",
    year: "numeric",
  });
