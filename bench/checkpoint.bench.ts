import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { start } from "millrace";
import type { ConfigValues, StandardStreams } from "millrace";
import { jobRate } from "./job-rate.ts";
import { printReport } from "./report.ts";
import type { Report } from "./report.ts";

/** What checkpoints cost: records a second with one each second against none, and the pause that records see. */
export async function run(report: Report): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-bench-"));
  const every = (interval: string, more: ConfigValues = {}): ConfigValues => ({
    "execution.checkpointing.interval": interval,
    "execution.checkpointing.dir": folder,
    ...more,
  });
  try {
    for (const [keys, records] of [
      [1000, 60_000_000],
      [100_000, 40_000_000],
      [1_000_000, 30_000_000],
    ] as const) {
      const without = await jobRate("keyed-sum", { keys, records }, {});
      const aligned = await jobRate("keyed-sum", { keys, records }, { config: every("1 s") });
      report(`keyed sum, ${keys} keys, no checkpoints`, without, "M records/s");
      report(`keyed sum, ${keys} keys, a checkpoint each second`, aligned, "M records/s");
      report(`keyed sum, ${keys} keys, share that is left`, (aligned / without) * 100, "%");
    }
    for (const keys of process.argv.includes("--large") ? [1_000_000, 10_000_000] : [1_000_000]) {
      for (const [name, config] of [
        ["no checkpoints", {}],
        ["incremental", every("2 s")],
        ["full", every("2 s", { "execution.checkpointing.incremental": false })],
      ] as const) {
        const { times, checkpoints } = await pauses(keys, config);
        for (const [label, share] of [
          ["p50", 0.5],
          ["p99", 0.99],
          ["p99.9", 0.999],
          ["max", 1],
        ] as const) {
          const at = Math.min(times.length - 1, Math.floor(share * times.length));
          report(`latency with ${keys} keys, ${name}, ${label}`, times[at] as number, "ms");
        }
        if (checkpoints.length === 0) continue;
        const durations = checkpoints.map(({ durationMs }) => durationMs ?? Number.NaN).sort((a, b) => a - b);
        report(
          `  ${checkpoints.length} checkpoints, the middle one took`,
          durations[durations.length >> 1] as number,
          "ms",
        );
        const written = checkpoints.map(({ writtenBytes }) => writtenBytes).sort((a, b) => a - b);
        report(`  and wrote`, (written[written.length >> 1] as number) / 1e6, "MB");
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** How long records took while state of so many keys was there, sorted, and the checkpoints that were taken meanwhile. */
async function pauses(keys: number, config: ConfigValues) {
  let text = "";
  const streams: StandardStreams = {
    write(_, bytes, written) {
      text += new TextDecoder().decode(bytes);
      written();
    },
    read: (chunk) => chunk(null),
    close() {},
  };
  const client = await start(new URL("./jobs/pause.ts", import.meta.url), {
    streams,
    config,
    args: { keys, records: 12_000 },
  });
  await client.result();
  const times = (JSON.parse(text) as number[]).sort((a, b) => a - b);
  // The last one is that of the end.
  const checkpoints = client
    .checkpoints()
    .history.filter(({ status }) => status === "COMPLETED")
    .slice(1);
  return { times, checkpoints };
}

if (import.meta.main) await run(printReport);
