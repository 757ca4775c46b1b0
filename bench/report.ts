/** Where a benchmark's figures go: a name, a value, its unit. */
export type Report = (name: string, value: number, unit: string) => void;

/** The middle of the values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

/** Prints figures as lines. */
export const printReport: Report = (name, value, unit) => {
  console.log(`${name.padEnd(64)} ${value.toFixed(value < 10 ? 2 : 1).padStart(9)} ${unit}`);
};
