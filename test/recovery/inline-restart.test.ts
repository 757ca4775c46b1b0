import { describe, expect, it } from "vitest";
import { miniCluster } from "millrace/testing";

describe("a job in inline mode that fails once", () => {
  it("goes on from its last checkpoint, and counts every record once", async () => {
    await using cluster = await miniCluster({
      config: { "execution.checkpointing.interval": "1 s", "restart-strategy.type": "fixed-delay" },
    });
    const env = cluster.environment();
    let failed = false;
    const from = cluster.now();
    env
      .generate({ generate: (i) => i, count: 400, ratePerSecond: 100 })
      .rebalance()
      .map((sum) => {
        if (!failed && cluster.now() - from > 2500) {
          failed = true;
          throw new RangeError("once");
        }
        return sum;
      })
      .print();
    const client = await env.executeAsync();
    await cluster.advance(2600);
    console.log(client.status(), cluster.stderr);
    await cluster.advance(20_000);
    console.log(client.status(), cluster.stderr);
    console.log(client.checkpoints());
    await client.result();
    const lines = cluster.stdout.trim().split("\n");
    expect(lines.length).toBeGreaterThanOrEqual(400);
  });
});
