import { expect, it } from "vitest";
import { generatorSource, minutes, seconds, WatermarkStrategy } from "millrace";
import { miniCluster } from "millrace/testing";

/** Records of event time one second apart. The slow source reads a hundred of them in a second of processing time. */
const COUNT = 1500;
const DRIFT = minutes(1);

/** How far the fast source was ahead of the slow one at most, in records. */
async function greatestLead(aligned: boolean): Promise<number> {
  await using cluster = await miniCluster({
    parallelism: 1,
    config: { "pipeline.auto-watermark-interval": 20 },
  });
  const env = cluster.environment();
  const source = (name: string, ratePerSecond: number | undefined) => {
    const strategy = WatermarkStrategy.forMonotonousTimestamps<number>().withTimestamps((n) => seconds(n));
    return env.fromSource(
      generatorSource({
        count: COUNT,
        generate: (i) => i,
        ...(ratePerSecond === undefined ? {} : { ratePerSecond }),
      }),
      aligned ? strategy.withWatermarkAlignment("group", DRIFT, 20) : strategy,
      name,
    );
  };
  source("fast", undefined)
    .map((n) => `fast ${n}`)
    .union(source("slow", 100).map((n) => `slow ${n}`))
    .print();
  const client = await env.executeAsync();
  await cluster.advance(seconds(16));
  await client.result();
  const latest = { fast: 0, slow: 0 };
  let lead = 0;
  const lines = cluster.stdout.trimEnd().split("\n");
  expect(lines).toHaveLength(2 * COUNT);
  for (const line of lines) {
    const [name, n] = line.split(" ") as ["fast" | "slow", string];
    latest[name] = Number(n);
    lead = Math.max(lead, latest.fast - latest.slow);
  }
  return lead;
}

it("sources of one alignment group wait for the slowest; others run ahead", async () => {
  expect(await greatestLead(false)).toBeGreaterThan(COUNT - 100);
  // The drift is 60 records. What a source reads at once, before it looks at its limit, comes on top.
  expect(await greatestLead(true)).toBeLessThan(60 + 2 * 256);
});
