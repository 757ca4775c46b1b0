import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { startModule } from "../../packages/millrace/src/cluster/local/start-module.ts";
import type { LocalJob } from "../../packages/millrace/src/cluster/local/local-job.ts";
import type { ModuleOptions } from "../../packages/millrace/src/cluster/local/start-module.ts";
import { CapturedStreams } from "../cluster/captured-streams.ts";
import { digitCounts } from "../testing/count-digits.ts";
import { COUNT } from "./jobs/counted.ts";
import { COUNT as FORGOTTEN } from "./jobs/forgetful.ts";
import "../testing/built-threads.ts";

const JOB = new URL("./jobs/counted.ts", import.meta.url).href;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-recovery-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const trip = (): string => join(folder, "trip");
/** Lets jobs come to their end. */
const go = (): void => writeFileSync(join(folder, "go"), "");

async function start(
  more: Partial<Pick<ModuleOptions, "parallelism" | "restoreFrom">> = {},
): Promise<LocalJob> {
  return startModule(JOB, {
    parallelism: 2,
    args: { output: join(folder, "output"), trip: trip(), go: join(folder, "go") },
    config: {
      "execution.checkpointing.interval": 50,
      "execution.checkpointing.dir": join(folder, "checkpoints"),
      "restart-strategy.type": "fixed-delay",
      "restart-strategy.fixed-delay.delay": 20,
    },
    streams: new CapturedStreams(),
    log: () => {},
    ...more,
  });
}

async function checkpointed(job: LocalJob): Promise<void> {
  while (job.checkpoints().completed === 0) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** All lines in files that are visible. */
function lines(): readonly string[] {
  const output = join(folder, "output");
  return readdirSync(output)
    .filter((name) => name.startsWith("part-"))
    .flatMap((name) => readFileSync(join(output, name), "utf8").trimEnd().split("\n"))
    .sort();
}

const EXPECTED = digitCounts(COUNT);

it("counts every record once although the thread of a slot ends", async () => {
  const job = await start();
  await checkpointed(job);
  writeFileSync(trip(), "");
  go();
  expect(await job.done).toMatchObject({ status: "FINISHED", error: undefined });
  expect(job.restarts).toBe(1);
  expect(lines()).toEqual(EXPECTED);
  // Nothing is left of its checkpoints.
  expect(readdirSync(join(folder, "checkpoints"))).toEqual([]);
});

it.each(["hashmap", "rocksdb"])(
  "restores from the local disk what the checkpoints have lost: %s",
  async (backend) => {
    const log: string[] = [];
    const local = join(folder, "local");
    const job = await startModule(new URL("./jobs/forgetful.ts", import.meta.url).href, {
      parallelism: 2,
      args: { output: join(folder, "output"), checkpoints: join(folder, "checkpoints") },
      config: {
        "execution.checkpointing.interval": 50,
        "execution.checkpointing.dir": join(folder, "checkpoints"),
        "execution.checkpointing.data-inline-threshold": 0,
        // Its files may be among those that are removed.
        "execution.checkpointing.tolerable-failed-checkpoints": 100,
        "execution.checkpointing.local-backup.dirs": local,
        "execution.state-recovery.from-local": true,
        "restart-strategy.type": "fixed-delay",
        "restart-strategy.fixed-delay.delay": 20,
        "state.backend.type": backend,
        "state.backend.rocksdb.localdir": folder,
      },
      streams: new CapturedStreams(),
      log: (_, message) => log.push(message),
    });
    expect(await job.done).toMatchObject({ status: "FINISHED", error: undefined });
    expect(job.restarts).toBe(1);
    expect(lines()).toEqual(digitCounts(FORGOTTEN));
    const restored = log.filter((message) => message.includes("has restored"));
    expect(restored.length).toBeGreaterThan(0);
    for (const message of restored) expect(message).toMatch(/ [1-9]\d* bytes from local copies, 0 bytes/u);
    const values = [...(await job.metrics()).values()].map(({ user }) => user);
    expect(values.some(({ restoredLocalBytes }) => Number(restoredLocalBytes) > 0)).toBe(true);
    expect(values.every(({ restoredRemoteBytes }) => restoredRemoteBytes === 0)).toBe(true);
    // Nothing is left of them.
    expect(readdirSync(local)).toEqual([]);
  },
);

it("goes on from a savepoint that only this process has, at another parallelism", async () => {
  const first = await start();
  await checkpointed(first);
  const checkpoint = await first.stopInMemory();
  expect([first.status, checkpoint.path, checkpoint.metadata.stop]).toEqual(["FINISHED", undefined, "stop"]);
  expect(lines().length).toBeLessThan(COUNT);
  go();
  const second = await start({ parallelism: 3, restoreFrom: { checkpoint } });
  expect((await second.done).status).toBe("FINISHED");
  expect(lines()).toEqual(EXPECTED);
});

it("gives a copy in memory and goes on", async () => {
  const job = await start();
  const checkpoint = await job.savepointInMemory();
  expect([job.status, checkpoint.metadata.kind]).toEqual(["RUNNING", "savepoint"]);
  go();
  expect((await job.done).status).toBe("FINISHED");
  expect(lines()).toEqual(EXPECTED);
});
