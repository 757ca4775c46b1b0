import { fileSink } from "millrace";
import type { DataStream } from "millrace";

/** Counts numbers by their last digit into files at `output`: a line "digit count" for each number. The counts have the uid "counts". */
export function countDigits(numbers: DataStream<number>, output: string): void {
  numbers
    .keyBy((n) => n % 10)
    .aggregate(
      (a) => ({ n: a.count() }),
      (digit, { n }) => `${digit} ${n}`,
    )
    .uid("counts")
    .sinkTo(fileSink({ path: output, format: "lines" }));
}

/** The lines that it writes for the numbers below `count`, sorted. */
export const digitCounts = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, n) => `${n % 10} ${Math.floor(n / 10) + 1}`).sort();
