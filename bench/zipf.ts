import type { Random } from "../packages/millrace/src/common/clock/random.ts";

/**
 * Key numbers below `keys`, of which few come often: the k-th most frequent in proportion to 1 / k^exponent. The frequent ones are spread over
 * all numbers.
 */
export function zipf(keys: number, exponent: number, count: number, random: Random): Int32Array {
  const zeta = harmonic(keys, exponent);
  const alpha = 1 / (1 - exponent);
  const eta = (1 - (2 / keys) ** (1 - exponent)) / (1 - harmonic(2, exponent) / zeta);
  return Int32Array.from({ length: count }, () => {
    const u = random.next();
    const uz = u * zeta;
    let rank = Math.floor(keys * (eta * u - eta + 1) ** alpha);
    if (uz < 1) rank = 0;
    else if (uz < 1 + 0.5 ** exponent) rank = 1;
    return Number((BigInt(Math.min(rank, keys - 1)) * 2654435761n) % BigInt(keys));
  });
}

/** The sum of 1 / k^exponent; its tail by an integral. */
function harmonic(n: number, exponent: number): number {
  const exact = Math.min(n, 100_000);
  let sum = 0;
  for (let k = 1; k <= exact; k++) sum += 1 / k ** exponent;
  if (n > exact) sum += (n ** (1 - exponent) - exact ** (1 - exponent)) / (1 - exponent);
  return sum;
}
