/** Bytes of a sortable number. */
export const SORTABLE = 8;
/** Bytes of a whole number up to 2^48. */
export const U48 = 6;

const double = new Float64Array(1);
const bits = new BigUint64Array(double.buffer);
const SIGN = 1n << 63n;
const ALL = (1n << 64n) - 1n;

/** Writes a number (not NaN) so that bytes compare as numbers do, the infinities included. */
export function writeSortable(bytes: Buffer, at: number, value: number): void {
  // -0 and 0 are one time.
  double[0] = value === 0 ? 0 : value;
  const raw = bits[0]!;
  bytes.writeBigUInt64BE((raw & SIGN) === 0n ? raw | SIGN : raw ^ ALL, at);
}

export function readSortable(bytes: Buffer, at: number): number {
  const raw = bytes.readBigUInt64BE(at);
  bits[0] = (raw & SIGN) === 0n ? raw ^ ALL : raw ^ SIGN;
  return double[0]!;
}
