/** A made-up purchase. */
export interface Purchase {
  readonly id: number;
  readonly user: string;
  readonly shop: number;
  readonly amount: number;
  /** Event time, ms; up to 50 ms behind the latest before it. */
  readonly at: number;
}

/** How far purchases are out of order at most, ms. */
export const DISORDER = 50;

/** Purchase number `i`: a pure function, so that every parallelism reads the same ones. */
export function purchase(i: number): Purchase {
  const mixed = Math.imul(i + 1, 2_654_435_761) >>> 0;
  return {
    id: i,
    user: i % 97 === 0 ? "zoë \u{1f600}" : `user-${mixed % 40}`,
    shop: (mixed >>> 8) % 7,
    amount: ((mixed >>> 4) % 10_000) / 100,
    at: i * 10 - ((mixed >>> 12) % DISORDER),
  };
}

/** The first `count` purchases. */
export const purchases = (count: number): readonly Purchase[] =>
  Array.from({ length: count }, (_, i) => purchase(i));

/** Groups by key, in order. */
export function groupBy<T, K>(items: readonly T[], key: (item: T) => K): Map<K, T[]> {
  return Map.groupBy(items, key);
}

/** A sum that doesn't depend on the order of its terms: cents are whole numbers. */
export const sumOfCents = (items: readonly Purchase[]): number =>
  items.reduce((sum, item) => sum + Math.round(item.amount * 100), 0);
