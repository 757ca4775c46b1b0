import {
  arg,
  fileSink,
  job,
  nexmarkSource,
  seconds,
  SlidingEventTimeWindows,
  TumblingEventTimeWindows,
  WatermarkStrategy,
} from "millrace";

/** Nexmark's query 5: the auctions with the most bids of the last ten seconds, every two seconds. */
export default job(
  import.meta,
  "nexmark hot items",
  { args: { output: arg.path(), events: arg.int() } },
  (env, { output, events }) => {
    env
      .fromSource(
        nexmarkSource({ events, seed: 42, only: "bid", ratePerSecond: 10_000 }),
        WatermarkStrategy.forBoundedOutOfOrderness(seconds(4)),
        "bids",
      )
      .keyBy((bid) => bid.auction)
      .window(SlidingEventTimeWindows.of(seconds(10), seconds(2)))
      .aggregate(
        (a) => ({ bids: a.count() }),
        (auction, window, { bids }) => ({ auction, end: window.end, bids }),
      )
      .name("bids by auction")
      .keyBy((it) => it.end)
      .window(TumblingEventTimeWindows.of(seconds(2)))
      .aggregate(
        (a) => ({ auctions: a.count(), bids: a.max((it) => it.bids) }),
        (end, _window, { auctions, bids }) => ({ end, auctions, bids }),
      )
      .name("hot items")
      .sinkTo(fileSink({ path: output, format: "jsonl" }));
  },
);
