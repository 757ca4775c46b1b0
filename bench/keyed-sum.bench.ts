import { jobRate } from "./job-rate.ts";
import { printReport } from "./report.ts";
import type { Report } from "./report.ts";

/** A keyed sum over a shuffle between two threads. Budget: 2.5 M records a second with 1 M keys. */
export async function run(report: Report): Promise<void> {
  for (const keys of [1000, 100_000, 1_000_000]) {
    const rate = await jobRate("keyed-sum", { keys, records: 10_000_000 }, {});
    report(`keyed sum over a shuffle between two threads, ${keys} keys`, rate, "M records/s");
  }
}

if (import.meta.main) await run(printReport);
