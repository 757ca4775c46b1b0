import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { discardSink, seconds } from "millrace";
import type { JobClient } from "millrace";
import { miniCluster } from "millrace/testing";
import type { MiniCluster } from "millrace/testing";
import { stateFilesOf } from "../../packages/millrace/src/runtime/checkpoint/format/map-state-bytes.ts";
import { loadCheckpoint } from "../../packages/millrace/src/runtime/checkpoint/storage/load-checkpoint.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-many-"));
  mkdirSync(join(folder, "local"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const checkpoints = (): string => join(folder, "checkpoints");

/** Counts by 100 keys, 200 records a second, without end. */
async function counts(cluster: MiniCluster): Promise<JobClient> {
  const env = cluster.environment();
  env
    .generate({ generate: (i) => i, ratePerSecond: 200 })
    .keyBy((n) => n % 100)
    .aggregate((a) => ({ n: a.count() }))
    .uid("counts")
    .sinkTo(discardSink());
  return env.executeAsync();
}

const sharedFiles = (job: string): number => readdirSync(join(checkpoints(), job, "shared")).length;

/** Bytes on the heap that somebody still holds. */
function heldBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let i = 0; i < 3; i++) collect();
  return process.memoryUsage().heapUsed;
}

describe.each(["hashmap", "rocksdb"] as const)("many checkpoints in a row, %s", (backend) => {
  it("leave a bounded number of files, hold no memory, and no folder is left of them", async () => {
    const cluster = await miniCluster({
      config: {
        "execution.checkpointing.interval": "1 s",
        "execution.checkpointing.dir": checkpoints(),
        "execution.checkpointing.data-inline-threshold": 0,
        "execution.checkpointing.num-retained": 2,
        "state.backend.type": backend,
        "state.backend.rocksdb.localdir": join(folder, "local"),
        "state.backend.rocksdb.memory.fixed-per-slot": "16 mb",
      },
    });
    const client = await counts(cluster);
    const take = async (upTo: number): Promise<number> => {
      let most = 0;
      while (client.checkpoints().completed < upTo) {
        await cluster.advance(seconds(1));
        most = Math.max(most, sharedFiles(client.jobId));
      }
      return most;
    };
    const first = await take(40);
    const held = heldBytes();
    const then = await take(140);
    expect(client.checkpoints().failed).toBe(0);
    expect(then).toBeLessThanOrEqual(first * 1.5);
    expect(heldBytes() - held).toBeLessThan(4 * 1024 * 1024);
    const names = readdirSync(join(checkpoints(), client.jobId)).filter((name) => name.startsWith("chk-"));
    expect(names).toHaveLength(2);
    await cluster[Symbol.asyncDispose]();
    expect([readdirSync(checkpoints()), readdirSync(join(folder, "local"))]).toEqual([[], []]);
  }, 400_000);
});

describe("two jobs with one folder for checkpoints", () => {
  it("leave each other alone, to the end", async () => {
    await using cluster = await miniCluster({
      config: {
        "execution.checkpointing.interval": "1 s",
        "execution.checkpointing.dir": checkpoints(),
        "execution.checkpointing.data-inline-threshold": 0,
      },
    });
    const [one, other] = [await counts(cluster), await counts(cluster)];
    for (let second = 0; second < 5; second++) await cluster.advance(seconds(1));
    expect(readdirSync(checkpoints()).sort()).toEqual([one.jobId, other.jobId].sort());
    const { completed } = other.checkpoints();
    await one.cancel();
    await one.result().catch(() => {});
    expect(existsSync(join(checkpoints(), one.jobId))).toBe(false);
    for (let second = 0; second < 5; second++) await cluster.advance(seconds(1));
    expect(other.checkpoints()).toMatchObject({ completed: completed + 5, failed: 0 });
    // All that the other's last checkpoint names is there.
    const path = other.checkpoints().history.find(({ status }) => status === "COMPLETED")?.path as string;
    const named = [...stateFilesOf((await loadCheckpoint(path)).metadata)];
    expect(named.length).toBeGreaterThan(0);
    for (const file of named) expect([file.includes(other.jobId), existsSync(file)]).toEqual([true, true]);
  });
});
