import { jobRate } from "./job-rate.ts";
import { printReport } from "./report.ts";
import type { Report } from "./report.ts";

/** A stateless chain in one thread, generated and linked. Budget: 10 M records a second with 3 operators. */
export async function run(report: Report): Promise<void> {
  for (const operators of [3, 10]) {
    for (const compiled of [true, false]) {
      const rate = await jobRate(
        "chain",
        { operators, records: 20_000_000 },
        { mode: "inline", config: { "pipeline.compiled-chains": compiled } },
      );
      report(
        `stateless chain of ${operators} operators, ${compiled ? "generated" : "linked"}`,
        rate,
        "M records/s",
      );
    }
  }
}

if (import.meta.main) await run(printReport);
