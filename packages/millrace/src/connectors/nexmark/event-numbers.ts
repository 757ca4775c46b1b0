import { SHUFFLE, type NexmarkConfig } from "./nexmark-options.ts";

/** First ids of people, auctions and categories, and how many categories there are. */
export const FIRST_PERSON = 1000;
export const FIRST_AUCTION = 1000;
export const FIRST_CATEGORY = 10;
export const CATEGORIES = 5;

/**
 * `n` rounded down to a multiple of `step`. Much faster than `n - n % step` on numbers that may pass 2^31, and exact: the
 * quotient's error stays far below 1 / step.
 */
export function floorTo(n: number, step: number): number {
  return Math.floor(n / step) * step;
}

/** The number that event `n` has after its group was shuffled: its id and its time follow from it. */
export function shuffledNumber(n: number, groupSize: number): number {
  if (groupSize === 1) return n;
  const start = floorTo(n, groupSize);
  const turned = (n - start) * SHUFFLE;
  return start + turned - floorTo(turned, groupSize);
}

/** When the event with this number happens: ms since the epoch. */
export function eventTime(number: number, config: NexmarkConfig): number {
  return config.baseTime + Math.floor((number * 1000) / config.ratePerSecond);
}
