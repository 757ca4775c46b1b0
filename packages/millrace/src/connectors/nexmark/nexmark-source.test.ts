import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, expectTypeOf, it } from "vitest";
import { validateValue } from "../../common/types/validate-value.ts";
import { SourceRun } from "../testing/source-run.ts";
import { sourceSuite } from "../testing/source-suite.ts";
import { tempFolder } from "../../common/testing/temp-folder.ts";
import { shuffledNumber } from "./event-numbers.ts";
import { NexmarkGenerator } from "./nexmark-generator.ts";
import { nexmarkConfig, type NexmarkOptions } from "./nexmark-options.ts";
import { nexmarkSource } from "./nexmark-source.ts";
import { Auction, NexmarkEvent, type Bid, type Person } from "./nexmark-types.ts";
import { priceOf } from "./prices.ts";
import { writeNexmark } from "./write-nexmark.ts";

function events(count: number, options: NexmarkOptions = {}, from = 0): NexmarkEvent[] {
  const generator = new NexmarkGenerator(nexmarkConfig("test", options));
  return Array.from({ length: count }, (_, i) => generator.event(from + i));
}

const isBid = (event: NexmarkEvent): event is Bid => event.kind === "bid";
const isAuction = (event: NexmarkEvent): event is Auction => event.kind === "auction";
const isPerson = (event: NexmarkEvent): event is Person => event.kind === "person";

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function share<T>(values: readonly T[], test: (value: T) => boolean): number {
  return values.filter(test).length / values.length;
}

sourceSuite({
  name: "Nexmark",
  create: () => nexmarkSource({ events: 300, seed: 5 }),
  expected: events(300, { seed: 5 }),
});
sourceSuite({
  name: "Nexmark bids, out of order",
  create: () => nexmarkSource({ events: 300, only: "bid", outOfOrderGroupSize: 20 }),
  expected: events(300, { outOfOrderGroupSize: 20 }).filter(isBid),
});

// 100,000 events, beyond the time in which fewer than 1000 people and 100 auctions have begun.
const many = events(100_000, { seed: 9 }, 500_000);
const bids = many.filter(isBid);
const auctions = many.filter(isAuction);
const people = many.filter(isPerson);

describe("Nexmark events", () => {
  it("are of their declared types", () => {
    for (const event of many.slice(0, 300)) expect(validateValue(NexmarkEvent, event)).toEqual([]);
  });

  it("are functions of seed and number", () => {
    const generator = new NexmarkGenerator(nexmarkConfig("test", { seed: 9 }));
    for (const n of [99_999, 7, 50_000, 7, 0]) expect(generator.event(500_000 + n)).toEqual(many[n]);
    expect(events(50, { seed: 1 })).not.toEqual(events(50, { seed: 2 }));
  });

  it("are 1 person, 3 auctions and 46 bids of each 50, in this order", () => {
    const kinds = events(100).map((event) => event.kind[0]);
    const fifty = `p${"a".repeat(3)}${"b".repeat(46)}`;
    expect(kinds.join("")).toBe(fifty + fifty);
    expect([people.length, auctions.length, bids.length]).toEqual([2000, 6000, 92_000]);
  });

  it("are the same when one kind is asked for", () => {
    const options = { outOfOrderGroupSize: 30, personProportion: 2 };
    const generator = new NexmarkGenerator(nexmarkConfig("test", options));
    const all = events(500, options);
    for (const kind of ["person", "auction", "bid"] as const) {
      const some = all.map((event) => (event.kind === kind ? event : undefined));
      expect(Array.from({ length: 500 }, (_, n) => generator.eventOf(n, kind))).toEqual(some);
    }
  });

  it("number people and auctions from 1000 up", () => {
    const first = events(200);
    expect(first.filter(isPerson).map((person) => person.id)).toEqual([1000, 1001, 1002, 1003]);
    expect(first.filter(isAuction).map((auction) => auction.id)).toEqual(
      Array.from({ length: 12 }, (_, i) => 1000 + i),
    );
  });

  it("happen at the rate asked for", () => {
    const times = events(2001, { ratePerSecond: 2000, baseTime: 5000 }).map((event) => event.dateTime);
    expect([times[0], times[1], times[2], times[2000]]).toEqual([5000, 5000, 5001, 6000]);
    const fast = events(30_001).map((event) => event.dateTime - Date.UTC(2015, 6, 15));
    expect([fast[9999], fast[10_000], fast[30_000]]).toEqual([0, 1, 3]);
  });

  it("change places within groups only, each once", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 952 }), fc.integer({ min: 0, max: 2 ** 40 }), (size, group) => {
        const start = group * size;
        const numbers = Array.from({ length: size }, (_, i) => shuffledNumber(start + i, size));
        expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: size }, (_, i) => start + i));
        expect(numbers[1 % size]).toBe(start + (1 % size));
      }),
      { numRuns: 20 },
    );
    expect(shuffledNumber(103, 100)).toBe(100 + ((103 * 953) % 100));
  });

  it("favour hot auctions, sellers and bidders", () => {
    expect(share(bids, (bid) => bid.auction % 100 === 0)).toBeCloseTo(0.5 + 0.5 / 100, 1);
    expect(share(bids, (bid) => bid.bidder % 100 === 1)).toBeCloseTo(0.75 + 0.25 / 100, 1);
    expect(share(auctions, (auction) => auction.seller % 100 === 0)).toBeCloseTo(0.75 + 0.25 / 100, 1);
  });

  it("bid on auctions and sell for people that are at hand", () => {
    const strangers = many.filter((event, i) => {
      const epoch = Math.floor((500_000 + i) / 50);
      const last = 1000 + epoch * 3 + 2;
      if (isBid(event)) return event.auction < last - 100 || event.auction > last + 10;
      return isAuction(event) && (event.seller <= epoch || event.seller > 1000 + epoch + 10);
    });
    expect(strangers).toEqual([]);
  });

  it("spread prices evenly over six orders of magnitude", () => {
    const prices = bids.map((bid) => bid.price);
    expect([priceOf(0), priceOf(0.5), priceOf(1 / 3)]).toEqual([100, 100_000, 10_000]);
    for (const drawn of [0.123456789, 0.777, 1 - 2 ** -32]) {
      expect(priceOf(drawn)).toBe(Math.round(100 * 10 ** (6 * drawn)));
    }
    expect(Math.min(...prices)).toBeGreaterThanOrEqual(100);
    expect(Math.max(...prices)).toBeLessThanOrEqual(100_000_000);
    for (let decade = 2; decade < 8; decade++) {
      const within = share(prices, (price) => price >= 10 ** decade && price < 10 ** (decade + 1));
      expect(within).toBeCloseTo(1 / 6, 1);
    }
  });

  it("come half from four channels, whose urls never change, and with an id in nine of ten others", () => {
    const hot = bids.filter((bid) => ["Google", "Facebook", "Baidu", "Apple"].includes(bid.channel));
    expect(hot.length / bids.length).toBeCloseTo(0.5, 1);
    expect(new Set(hot.map((bid) => bid.url)).size).toBe(4);
    const cold = bids.filter((bid) => bid.channel.startsWith("channel-"));
    expect(cold.length + hot.length).toBe(bids.length);
    expect(share(cold, (bid) => bid.url.includes("&channel_id="))).toBeCloseTo(0.9, 1);
    for (const { url } of bids.slice(0, 100)) {
      expect(url).toMatch(
        /^https:\/\/www\.nexmark\.com\/[a-z]+\/[a-z]+\/[a-z]+\/item\.htm\?query=1(&channel_id=\d+)?$/u,
      );
    }
  });

  it("are padded to their sizes", () => {
    const padding = bids.map((bid) => bid.extra.length);
    expect(32 + average(padding)).toBeCloseTo(100, 0);
    expect(Math.min(...padding)).toBe(68 - Math.round(68 / 5));
    expect(Math.max(...padding)).toBe(68 + Math.round(68 / 5));
    const sizeOf = (event: NexmarkEvent): number => {
      const text = Object.entries(event).filter(
        ([name, value]) => name !== "kind" && typeof value === "string",
      );
      const numbers = Object.values(event).filter((value) => typeof value === "number");
      return text.reduce((sum, [, value]) => sum + String(value).length, 8 * numbers.length);
    };
    expect(Math.abs(average(people.map(sizeOf)) - 200)).toBeLessThan(3);
    expect(Math.abs(average(auctions.map(sizeOf)) - 500)).toBeLessThan(5);
  });

  it("let auctions run, on average, until 100 others have begun", () => {
    const slow = events(100_000, { ratePerSecond: 1000 }).filter(isAuction);
    const horizon = Math.floor((100 * 50) / 3);
    expect(average(slow.map((auction) => auction.expires - auction.dateTime)) / horizon).toBeCloseTo(1, 1);
    const odd = slow.filter(
      ({ dateTime, expires, reserve, initialBid, category }) =>
        expires <= dateTime ||
        expires - dateTime > 2 * horizon + 2 ||
        reserve <= initialBid ||
        category < 10 ||
        category > 14,
    );
    expect(odd).toEqual([]);
  });
});

describe("nexmarkSource", () => {
  it("infers the kind asked for", () => {
    expectTypeOf(nexmarkSource({ only: "bid" }).type!["~type"]!)
      .parameter(0)
      .toEqualTypeOf<Bid>();
    expectTypeOf(nexmarkSource().type!["~type"]!).parameter(0).toEqualTypeOf<NexmarkEvent>();
    expect(nexmarkSource({ only: "auction" }).type).toBe(Auction);
  });

  it("refuses wrong options", () => {
    expect(() => nexmarkSource({ outOfOrderGroupSize: 1906 })).toThrow("no multiple of 953");
    expect(() => nexmarkSource({ only: "bids" as "bid" })).toThrow("option only");
    expect(() => nexmarkSource({ sead: 1 } as never)).toThrow(`unknown option "sead"`);
  });

  it("writes the same events to a file", async () => {
    using dir = tempFolder();
    const path = `${dir.path}/events.jsonl`;
    const written = await writeNexmark(path, { events: 2000, seed: 3 });
    const text = readFileSync(path, "utf8");
    expect(written).toEqual({ events: 2000, bytes: text.length });
    const run = await new SourceRun(nexmarkSource({ events: 2000, seed: 3 })).run();
    expect(
      text
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual(run.records);
  });
});
