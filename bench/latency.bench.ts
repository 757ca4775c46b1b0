import { run as runJob } from "millrace";
import type { StandardStreams } from "millrace";
import { printReport } from "./report.ts";
import type { Report } from "./report.ts";

const COUNT = 1000;

/** How long a record takes from source to sink over one shuffle while all else is idle. Budget: p50 0.2 ms, p99 2 ms. */
export async function run(report: Report): Promise<void> {
  let text = "";
  const streams: StandardStreams = {
    write(_, bytes, written) {
      text += new TextDecoder().decode(bytes);
      written();
    },
    read: (chunk) => chunk(null),
    close() {},
  };
  await runJob(new URL("./jobs/latency.ts", import.meta.url), {
    streams,
    args: { records: COUNT, pause: 3 },
  });
  const times = (JSON.parse(text) as number[]).slice(COUNT / 10).sort((a, b) => a - b);
  for (const [name, share] of [
    ["p50", 0.5],
    ["p90", 0.9],
    ["p99", 0.99],
  ] as const) {
    report(
      `latency when idle, source to sink over a shuffle, ${name}`,
      times[Math.floor(share * times.length)] as number,
      "ms",
    );
  }
}

if (import.meta.main) await run(printReport);
