/*
 * Session analytics: what each visitor of a web site did in one visit. A visit ends when its visitor has not clicked for
 * half an hour of event time. Clicks that come when their visit is over already (a phone that was offline) go to a side
 * output, so that nothing is lost unseen.
 *
 * Shows: event time that is out of order, watermarks, session windows, several aggregates at once, late data in a side
 * output.
 *
 *   npx millrace run examples/sessions.ts
 *   npx millrace run examples/sessions.ts -- --gap "10 min"
 */
import { join } from "node:path";
import {
  arg,
  EventTimeSessionWindows,
  fileSource,
  job,
  minutes,
  printSink,
  Types,
  WatermarkStrategy,
} from "millrace";

const Click = Types.object({ user: Types.string, page: Types.string, at: Types.timestamp });

const time = (timestamp: number): string => new Date(timestamp).toISOString().slice(11, 19);

export default job(
  import.meta,
  "sessions",
  {
    description: "Visits of a web site, from its clicks",
    args: {
      input: arg
        .path()
        .default(join(import.meta.dirname, "data", "clicks.jsonl"))
        .describe("clicks, as JSON lines"),
      gap: arg.duration().default(minutes(30)).describe("the pause that ends a visit"),
    },
    // The input is tiny and read in an instant. A watermark after each record, instead of one every 200 ms, makes it
    // behave like a stream that takes a day.
    config: { "pipeline.auto-watermark-interval": 0 },
  },
  (env, args) => {
    const visits = env
      .fromSource(
        fileSource({ path: args.input, format: "jsonl", schema: Click }),
        // Clicks may be up to a minute late before they count as late.
        WatermarkStrategy.forBoundedOutOfOrderness(minutes(1)).withTimestamps((click) => click.at),
        "clicks",
      )
      // One file in its order. Several readers would be faster, and which clicks are late would depend on who is first.
      .setParallelism(1)
      .keyBy("user")
      .window(EventTimeSessionWindows.withGap(args.gap))
      .sideOutputLateData()
      .aggregate(
        (a) => ({ clicks: a.count(), pages: a.countDistinct((click) => click.page) }),
        (user, window, { clicks, pages }) => ({
          user,
          from: window.start,
          // A session window reaches from its first record to the gap after its last.
          until: window.end - args.gap,
          clicks,
          pages,
        }),
      )
      .name("visits");

    visits.sinkTo(
      printSink({
        format: (v) =>
          `visit  ${v.user.padEnd(6)} ${time(v.from)} - ${time(v.until)}  ${v.clicks} clicks on ${v.pages} pages`,
      }),
      "visits",
    );
    visits.sideOutputs.late.sinkTo(
      printSink({ format: (click) => `late   ${click.user.padEnd(6)} ${time(click.at)}  ${click.page}` }),
      "late clicks",
    );
  },
);
