import { describe, expect, it } from "vitest";
import type { Clock } from "../common/clock/clock.ts";
import { seconds } from "../common/time/durations.ts";
import { TumblingProcessingTimeWindows } from "../common/windows/tumbling-windows.ts";
import { fileURLToPath } from "node:url";
import { defineJob } from "../api/job/define-job.ts";
import { builtinConnectors } from "../root/builtin-connectors.ts";
import { miniCluster } from "./mini-cluster.ts";

describe("miniCluster", () => {
  it("moves processing time only when told: windows fire when they are due, not before", async () => {
    await using cluster = await miniCluster({ startTime: 1000 });
    const env = cluster.environment();
    env
      .generate({ generate: (i) => i, ratePerSecond: 10 })
      .keyBy((n) => n % 2)
      .window(TumblingProcessingTimeWindows.of(seconds(10)))
      .aggregate(
        (a) => ({ n: a.count() }),
        (key, window, { n }) => `${key} ${window.start} ${n}`,
      )
      .print();
    const client = await env.executeAsync();
    await cluster.advance(seconds(8));
    expect(cluster.stdout).toBe("");
    expect(client.status()).toBe("RUNNING");
    await cluster.advance(seconds(1));
    expect(cluster.now()).toBe(10_000);
    expect(cluster.stdout.trim().split("\n").sort()).toEqual([
      expect.stringMatching(/^0 0 4\d$/u),
      expect.stringMatching(/^1 0 4\d$/u),
    ]);
  });

  it("runs a job module's job with its arguments, and ends it when it is disposed", async () => {
    const job = defineJob(
      { url: fileURLToPath(import.meta.url) },
      "counting",
      {},
      (env) => {
        env
          .fromSequence(1, 3)
          .map((n) => n * 10)
          .setParallelism(1)
          .print("n")
          .setParallelism(1);
      },
      builtinConnectors,
    );
    await using cluster = await miniCluster();
    const client = await cluster.start(job);
    const { recordsIn, recordsOut } = await client.result();
    expect([recordsIn, recordsOut]).toEqual([3, 3]);
    expect(cluster.stdout.trim().split("\n").sort()).toEqual(["n> 10", "n> 20", "n> 30"]);
  });

  it("cancels what still runs at its end", async () => {
    let client;
    {
      await using cluster = await miniCluster();
      const env = cluster.environment();
      env.generate({ generate: (i) => i, ratePerSecond: 1 }).print();
      client = await env.executeAsync();
      await cluster.settle();
      expect(client.status()).toBe("RUNNING");
    }
    expect(client.status()).toBe("CANCELED");
  });

  it("freezes records, so that a function that changes them fails its test", async () => {
    await using cluster = await miniCluster();
    const env = cluster.environment();
    const broken = env
      .fromItems([{ n: 1 }])
      .rebalance()
      .map((r: { n: number }) => r.n++);
    await expect(broken.executeAndCollect().toArray()).rejects.toThrow(
      /Cannot assign to read only property 'n'/u,
    );
  });

  it("lets time pass while a checkpoint waits for records that only time lets pass", async () => {
    await using cluster = await miniCluster({
      config: {
        "execution.checkpointing.interval": 20,
        "execution.checkpointing.unaligned.enabled": true,
        "execution.checkpointing.aligned-checkpoint-timeout": 10,
      },
    });
    const env = cluster.environment();
    let clock: Clock | undefined;
    let taken = 0;
    const numbers = env.generate({ generate: (i) => i, count: 100 });
    // Barriers stay in line in front of it, and overtake behind it.
    const slow = numbers.rescale().asyncMap(
      async (n) => {
        await new Promise<void>((resolve) => clock?.schedule(10, resolve));
        return n;
      },
      { capacity: 1 },
    );
    slow
      .union(numbers.rebalance().map((n) => n))
      .keyBy((n) => n % 2)
      .sinkTo({
        name: "count",
        guarantee: "at-least-once",
        createWriter(context) {
          clock = context.clock;
          return { ready: true, write: () => void taken++, flush() {}, close() {} };
        },
      });
    const client = await env.executeAsync();
    await cluster.advance(seconds(5));
    expect([client.status(), taken]).toEqual(["FINISHED", 200]);
    expect(client.checkpoints().completed).toBeGreaterThan(0);
  });
});
