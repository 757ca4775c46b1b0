import type { TypeOf } from "../../common/types/type-info.ts";
import { Types } from "../../common/types/types.ts";

/** Somebody who sells or bids. */
export const Person = Types.object({
  kind: Types.literal("person"),
  /** From 1000 up. */
  id: Types.int,
  name: Types.string,
  emailAddress: Types.string,
  creditCard: Types.string,
  city: Types.string,
  /** Two letters. */
  state: Types.string,
  /** ms since the epoch. */
  dateTime: Types.timestamp,
  /** Letters that pad the event to its size. */
  extra: Types.string,
});
export type Person = TypeOf<typeof Person>;

/** Something for sale. */
export const Auction = Types.object({
  kind: Types.literal("auction"),
  /** From 1000 up. */
  id: Types.int,
  itemName: Types.string,
  description: Types.string,
  /** Cents. */
  initialBid: Types.int,
  /** Cents. */
  reserve: Types.int,
  /** ms since the epoch. */
  dateTime: Types.timestamp,
  /** ms since the epoch. */
  expires: Types.timestamp,
  /** A person's id. */
  seller: Types.int,
  /** 10 to 14. */
  category: Types.int,
  extra: Types.string,
});
export type Auction = TypeOf<typeof Auction>;

/** An offer for an auction's item. */
export const Bid = Types.object({
  kind: Types.literal("bid"),
  /** An auction's id. */
  auction: Types.int,
  /** A person's id. */
  bidder: Types.int,
  /** Cents. */
  price: Types.int,
  channel: Types.string,
  url: Types.string,
  /** ms since the epoch. */
  dateTime: Types.timestamp,
  extra: Types.string,
});
export type Bid = TypeOf<typeof Bid>;

/** The three kinds of events, told apart by `kind`. */
export const NexmarkEvent = Types.union(Person, Auction, Bid);
export type NexmarkEvent = TypeOf<typeof NexmarkEvent>;
