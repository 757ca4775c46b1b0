import { arg, discardSink, job, seconds, SlidingEventTimeWindows, WatermarkStrategy } from "millrace";
import { makeBids } from "../bids.ts";
import type { Bid } from "../bid-type.ts";
import { preparedSource } from "../prepared-source.ts";

/** Nexmark q5's window: bids by auction, 10 s by 2 s, 100,000 bids a second of event time. */
export default job(
  import.meta,
  "sliding",
  { args: { auctions: arg.int(), records: arg.int() } },
  (env, args) => {
    const start = 1_700_000_000_000;
    env
      .fromSource(
        preparedSource(makeBids(1 << 17, args.auctions), args.records, (i) => start + i / 100),
        WatermarkStrategy.forMonotonousTimestamps<Bid>(),
        "bids",
      )
      .keyBy((bid) => bid.auction)
      .window(SlidingEventTimeWindows.of(seconds(10), seconds(2)))
      .aggregate(
        (a) => ({ bids: a.count() }),
        (auction, window, { bids }) => ({ auction, end: window.end, bids }),
      )
      .sinkTo(discardSink());
  },
);
