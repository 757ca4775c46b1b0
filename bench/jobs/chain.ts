import { arg, discardSink, job, WatermarkStrategy } from "millrace";
import type { DataStream } from "millrace";
import { makeBids } from "../bids.ts";
import { preparedSource } from "../prepared-source.ts";

/** A stateless chain of `operators` operators: map, filter, map, and again. */
export default job(
  import.meta,
  "chain",
  { args: { operators: arg.int(), records: arg.int() } },
  (env, args) => {
    const bids = makeBids(4096, 1000).map(({ auction, bidder, price }) => ({ auction, bidder, price }));
    let stream: DataStream<{ auction: number; bidder: number; price: number }> = env.fromSource(
      preparedSource(bids, args.records, (i) => 1_700_000_000_000 + i),
      WatermarkStrategy.noWatermarks(),
      "bids",
    );
    for (let i = 0; i < args.operators; i++) {
      stream =
        i % 3 === 1
          ? stream.filter((bid) => bid.price > i)
          : stream.map((bid) => ({ auction: bid.auction, bidder: bid.bidder, price: bid.price * 0.908 + i }));
    }
    stream.sinkTo(discardSink());
  },
);
