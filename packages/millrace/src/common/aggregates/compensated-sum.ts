/*
 * Neumaier's compensated sum: beside the sum stands what rounding has lost of it. Generated code writes the same out.
 */

/** What is lost when `x` is added to `sum`, giving `total`. */
export const lostIn = (sum: number, x: number, total: number): number =>
  Math.abs(sum) >= Math.abs(x) ? sum - total + x : x - total + sum;

/** The sum with what was lost. Where the sum is infinite, the rest is not a number and the sum stands. */
export function totalOf(sum: number, rest: number): number {
  const total = sum + rest;
  return Number.isNaN(total) ? sum : total;
}
