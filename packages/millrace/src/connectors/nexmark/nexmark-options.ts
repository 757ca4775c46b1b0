import { refuseUnknownOptions, requireCount, requireOption, requirePositive } from "../base/options.ts";

/** Options of the Nexmark generator. Defaults are those of the benchmark. */
export interface NexmarkOptions {
  /** How many events of all three kinds there are; without it they never end. */
  readonly events?: number | undefined;
  /** Any safe integer; default 1. The same seed gives the same events. */
  readonly seed?: number | undefined;
  /** The time of event 0, ms since the epoch; default 2015-07-15T00:00:00Z. */
  readonly baseTime?: number | undefined;
  /** How many events there are to a second of event time; default 10,000,000. */
  readonly ratePerSecond?: number | undefined;
  /** Events leave their order within groups of so many; default 1: in order. */
  readonly outOfOrderGroupSize?: number | undefined;
  /** Of so many consecutive events ... are people; default 1. */
  readonly personProportion?: number | undefined;
  /** ... and so many auctions; default 3. */
  readonly auctionProportion?: number | undefined;
  /** ... and so many bids; default 46. */
  readonly bidProportion?: number | undefined;
  /** A bid is for the hot auction in all but one of so many cases; default 2. */
  readonly hotAuctionRatio?: number | undefined;
  /** A seller is the hot one in all but one of so many cases; default 4. */
  readonly hotSellerRatio?: number | undefined;
  /** A bidder is the hot one in all but one of so many cases; default 4. */
  readonly hotBidderRatio?: number | undefined;
  /** How many people take part at a time; default 1000. */
  readonly activePeople?: number | undefined;
  /** How many auctions run at a time; default 100. */
  readonly inFlightAuctions?: number | undefined;
  /** The average size of a person, bytes; default 200. */
  readonly personSize?: number | undefined;
  /** The average size of an auction, bytes; default 500. */
  readonly auctionSize?: number | undefined;
  /** The average size of a bid, bytes; default 100. */
  readonly bidSize?: number | undefined;
}

/** Options with their defaults. */
export type NexmarkConfig = { readonly [K in keyof NexmarkOptions]-?: number } & {
  /** The sum of the proportions. */
  readonly total: number;
};

const DEFAULTS = {
  events: Infinity,
  seed: 1,
  baseTime: Date.UTC(2015, 6, 15),
  ratePerSecond: 10_000_000,
  outOfOrderGroupSize: 1,
  personProportion: 1,
  auctionProportion: 3,
  bidProportion: 46,
  hotAuctionRatio: 2,
  hotSellerRatio: 4,
  hotBidderRatio: 4,
  activePeople: 1000,
  inFlightAuctions: 100,
  personSize: 200,
  auctionSize: 500,
  bidSize: 100,
} as const;

const COUNTS = [
  "hotAuctionRatio",
  "hotSellerRatio",
  "hotBidderRatio",
  "activePeople",
  "inFlightAuctions",
  "personProportion",
  "auctionProportion",
  "bidProportion",
] as const;

/**
 * Fills in the defaults.
 *
 * @param also names of options that the caller knows besides
 * @throws MillraceError INVALID_OPTION, UNKNOWN_OPTION
 */
export function nexmarkConfig(
  name: string,
  options: NexmarkOptions,
  also: readonly string[] = [],
): NexmarkConfig {
  refuseUnknownOptions(name, options, [...Object.keys(DEFAULTS), ...also]);
  requireCount(name, "events", options.events, 0);
  requireOption(
    options.seed === undefined || Number.isSafeInteger(options.seed),
    name,
    "seed",
    "a safe integer",
    options.seed,
  );
  requireOption(
    options.baseTime === undefined || Number.isSafeInteger(options.baseTime),
    name,
    "baseTime",
    "whole ms since the epoch",
    options.baseTime,
  );
  requirePositive(name, "ratePerSecond", options.ratePerSecond);
  requireCount(name, "outOfOrderGroupSize", options.outOfOrderGroupSize, 1);
  requireOption(
    (options.outOfOrderGroupSize ?? 1) % SHUFFLE !== 0,
    name,
    "outOfOrderGroupSize",
    `no multiple of ${SHUFFLE}`,
    options.outOfOrderGroupSize,
  );
  for (const option of COUNTS) requireCount(name, option, options[option], 1);
  for (const option of ["personSize", "auctionSize", "bidSize"] as const) {
    requireCount(name, option, options[option], 1);
    requireOption((options[option] ?? 1) <= MAX_SIZE, name, option, `at most ${MAX_SIZE}`, options[option]);
  }
  const filled = { ...DEFAULTS, total: 0 } as { -readonly [K in keyof NexmarkConfig]: number };
  for (const [key, value] of Object.entries(options)) {
    if (value !== undefined && key in DEFAULTS) filled[key as keyof NexmarkConfig] = value as number;
  }
  filled.total = filled.personProportion + filled.auctionProportion + filled.bidProportion;
  return filled;
}

/** Event n of a group of g is number n * SHUFFLE mod g: each once, as long as g is no multiple of this prime. */
export const SHUFFLE = 953;

/** The largest average size: the padding must fit into the pool of letters. */
const MAX_SIZE = 32_768;
