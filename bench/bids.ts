import { Types } from "millrace";
import type { Infer } from "millrace";

/** A Nexmark bid, about 150 bytes encoded. */
export const Bid = Types.object({
  auction: Types.int,
  bidder: Types.int,
  price: Types.int,
  channel: Types.string,
  url: Types.string,
  dateTime: Types.timestamp,
  extra: Types.string,
});
export type Bid = Infer<typeof Bid>;

/** Bids on `auctions` auctions, spread evenly. A power of two of them, so that they can be walked in circles. */
export function makeBids(count: number, auctions: number): Bid[] {
  return Array.from({ length: count }, (_, i) => ({
    auction: 1000 + ((Math.imul(i, 2_654_435_761) >>> 0) % auctions),
    bidder: 1000 + ((Math.imul(i, 40_503) >>> 0) % 5000),
    price: 100 + ((Math.imul(i, 69_069) >>> 0) % 10_000_000),
    channel: `channel-${i % 10_000}`,
    url: `https://www.nexmark.com/abc/def/ghi/item.htm?query=1&channel_id=${i % 10_000}`,
    dateTime: 1_700_000_000_000 + i,
    extra: "abcdefghijklmnopqrstuvwxyz".slice(i % 13),
  }));
}
