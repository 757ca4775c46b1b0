import { Channels } from "./channels.ts";
import { Draws } from "./draws.ts";
import {
  CATEGORIES,
  eventTime,
  FIRST_AUCTION,
  FIRST_CATEGORY,
  FIRST_PERSON,
  floorTo,
  shuffledNumber,
} from "./event-numbers.ts";
import type { NexmarkConfig } from "./nexmark-options.ts";
import type { Auction, Bid, NexmarkEvent, Person } from "./nexmark-types.ts";
import { priceOf } from "./prices.ts";
import { WordPool } from "./word-pool.ts";

/** The hot person or auction is one out of so many. */
const HOT_GROUP = 100;
/** How many ids not yet made may be drawn. */
const LEAD = 10;

const FIRST_NAMES = [
  "Ada",
  "Boris",
  "Carla",
  "Dinah",
  "Emil",
  "Farid",
  "Greta",
  "Hugo",
  "Iris",
  "Jonas",
  "Kim",
] as const;
const LAST_NAMES = [
  "Abel",
  "Brandt",
  "Costa",
  "Duval",
  "Evans",
  "Fischer",
  "Gruber",
  "Haas",
  "Ivanov",
] as const;
const CITIES = [
  "Phoenix",
  "Los Angeles",
  "San Francisco",
  "Boise",
  "Portland",
  "Bend",
  "Redmond",
  "Seattle",
  "Kent",
  "Cheyenne",
] as const;
const STATES = ["AZ", "CA", "ID", "OR", "WA", "WY"] as const;

/**
 * Makes the events of the Nexmark benchmark. Each is a function of the options and its number alone; the generator keeps
 * nothing between two calls but pools of strings.
 *
 * @example `new NexmarkGenerator(nexmarkConfig("test", { seed: 7 })).event(0) // a person`
 */
export class NexmarkGenerator {
  readonly #config: NexmarkConfig;
  readonly #draws: Draws;
  readonly #pool: WordPool;
  readonly #channels: Channels;

  constructor(config: NexmarkConfig) {
    this.#config = config;
    this.#draws = new Draws(config.seed);
    // A number that no event has.
    this.#draws.begin(Number.MAX_SAFE_INTEGER);
    this.#pool = new WordPool(this.#draws);
    this.#channels = new Channels(new Draws(config.seed + 1), this.#pool);
  }

  /** Event `n`, from 0 up. */
  event(n: number): NexmarkEvent {
    // Without a choice of kind there is always an event.
    return this.eventOf(n, undefined)!;
  }

  /** Event `n`, or undefined when it is of another kind than `only`. */
  eventOf(n: number, only: NexmarkEvent["kind"] | undefined): NexmarkEvent | undefined {
    const config = this.#config;
    const { total, personProportion, auctionProportion } = config;
    const number = shuffledNumber(n, config.outOfOrderGroupSize);
    const epoch = Math.floor(number / total);
    const within = number - epoch * total;
    // People come first in each epoch, then auctions, then bids.
    if (within >= personProportion + auctionProportion) {
      return only === undefined || only === "bid" ? this.#bid(number, epoch) : undefined;
    }
    if (within < personProportion) {
      return only === undefined || only === "person" ? this.#person(number, epoch, within) : undefined;
    }
    return only === undefined || only === "auction"
      ? this.#auction(number, epoch, within - personProportion)
      : undefined;
  }

  #person(number: number, epoch: number, within: number): Person {
    const draws = this.#draws;
    draws.begin(number);
    const name = `${pick(draws, FIRST_NAMES)} ${pick(draws, LAST_NAMES)}`;
    const emailAddress = `${this.#pool.word(draws, 7)}@${this.#pool.word(draws, 5)}.com`;
    const creditCard = `${fourDigits(draws)} ${fourDigits(draws)} ${fourDigits(draws)} ${fourDigits(draws)}`;
    const city = pick(draws, CITIES);
    const state = pick(draws, STATES);
    const size = 16 + name.length + emailAddress.length + creditCard.length + city.length + state.length;
    return {
      kind: "person",
      id: FIRST_PERSON + epoch * this.#config.personProportion + within,
      name,
      emailAddress,
      creditCard,
      city,
      state,
      dateTime: eventTime(number, this.#config),
      extra: this.#pool.padding(draws, size, this.#config.personSize),
    };
  }

  #auction(number: number, epoch: number, within: number): Auction {
    const draws = this.#draws;
    const config = this.#config;
    draws.begin(number);
    const itemName = this.#pool.word(draws, 20);
    const description = this.#pool.word(draws, 100);
    const initialBid = priceOf(draws.next());
    const dateTime = eventTime(number, config);
    return {
      kind: "auction",
      id: FIRST_AUCTION + epoch * config.auctionProportion + within,
      itemName,
      description,
      initialBid,
      reserve: initialBid + priceOf(draws.next()),
      dateTime,
      expires: dateTime + this.#length(number, dateTime),
      seller: FIRST_PERSON + this.#personFor(epoch, config.hotSellerRatio, 0),
      category: FIRST_CATEGORY + draws.below(CATEGORIES),
      extra: this.#pool.padding(draws, 56 + itemName.length + description.length, config.auctionSize),
    };
  }

  #bid(number: number, epoch: number): Bid {
    const draws = this.#draws;
    const config = this.#config;
    draws.begin(number);
    const auction = FIRST_AUCTION + this.#auctionFor(epoch);
    const bidder = FIRST_PERSON + this.#personFor(epoch, config.hotBidderRatio, 1);
    const price = priceOf(draws.next());
    const { channel, url } = this.#channels.at(draws.next());
    const extra = this.#pool.padding(draws, 32, config.bidSize);
    const dateTime = eventTime(number, config);
    return { kind: "bid", auction, bidder, price, channel, url, dateTime, extra };
  }

  // These two make one draw. Below 1 / ratio it means one of many, and where it falls in that range says which.

  /** The auction of a bid, counted from 0. */
  #auctionFor(epoch: number): number {
    const { auctionProportion, hotAuctionRatio, inFlightAuctions } = this.#config;
    const last = epoch * auctionProportion + auctionProportion - 1;
    const drawn = this.#draws.next() * hotAuctionRatio;
    if (drawn >= 1) return floorTo(last, HOT_GROUP);
    const first = Math.max(last - inFlightAuctions, 0);
    return first + Math.floor(drawn * (last - first + 1 + LEAD));
  }

  /** A person, counted from 0: the hot one, or one of those that take part or are yet to come. */
  #personFor(epoch: number, ratio: number, hot: number): number {
    const { personProportion, activePeople } = this.#config;
    const people = (epoch + 1) * personProportion;
    const drawn = this.#draws.next() * ratio;
    if (drawn >= 1) return floorTo(people - 1, HOT_GROUP) + hot;
    const active = Math.min(people, activePeople);
    return people - active + Math.floor(drawn * (active + LEAD));
  }

  /** How long an auction runs, ms: on average until as many others have begun as run at a time. */
  #length(number: number, dateTime: number): number {
    const { inFlightAuctions, total, auctionProportion } = this.#config;
    const events = Math.floor((inFlightAuctions * total) / auctionProportion);
    const horizon = eventTime(number + events, this.#config) - dateTime;
    return 1 + this.#draws.below(Math.max(horizon * 2, 1));
  }
}

function pick(draws: Draws, from: readonly string[]): string {
  // The index is below the length.
  return from[draws.below(from.length)]!;
}

function fourDigits(draws: Draws): string {
  return String(draws.below(10_000)).padStart(4, "0");
}
