import { jobRate } from "./job-rate.ts";
import { printReport } from "./report.ts";
import type { Report } from "./report.ts";

/** The sliding window of Nexmark's q5 as a whole job in one thread. Budget: 2 M records a second a core. */
export async function run(report: Report): Promise<void> {
  for (const auctions of [1000, 100_000]) {
    const rate = await jobRate("sliding", { auctions, records: 5_000_000 }, { mode: "inline" });
    report(`sliding window of 10 s by 2 s, count by key, ${auctions} auctions`, rate, "M records/s");
  }
}

if (import.meta.main) await run(printReport);
