import type { Bid } from "./bid-type.ts";

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
