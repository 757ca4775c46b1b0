import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { startModule } from "../../packages/millrace/src/cluster/local/start-module.ts";
import type { LocalJob } from "../../packages/millrace/src/cluster/local/local-job.ts";
import type { ModuleOptions } from "../../packages/millrace/src/cluster/local/start-module.ts";
import { CapturedStreams } from "../cluster/captured-streams.ts";
import { COUNT } from "./jobs/counted.ts";

const JOB = new URL("./jobs/counted.ts", import.meta.url).href;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-recovery-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const trip = (): string => join(folder, "trip");

async function start(
  more: Partial<Pick<ModuleOptions, "parallelism" | "restoreFrom">> = {},
): Promise<LocalJob> {
  return startModule(JOB, {
    parallelism: 2,
    args: { output: join(folder, "output"), trip: trip() },
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

const EXPECTED = Array.from({ length: COUNT }, (_, i) => `${i % 10} ${Math.floor(i / 10) + 1}`).sort();

it("counts every record once although the thread of a slot ends", async () => {
  const job = await start();
  await checkpointed(job);
  writeFileSync(trip(), "");
  expect(await job.done).toMatchObject({ status: "FINISHED", error: undefined });
  expect(job.restarts).toBe(1);
  expect(lines()).toEqual(EXPECTED);
  // Nothing is left of its checkpoints.
  expect(readdirSync(join(folder, "checkpoints"))).toEqual([]);
});

it("goes on from a savepoint that only this process has, at another parallelism", async () => {
  const first = await start();
  await checkpointed(first);
  const checkpoint = await first.stopInMemory();
  expect([first.status, checkpoint.path, checkpoint.metadata.stop]).toEqual(["FINISHED", undefined, "stop"]);
  expect(lines().length).toBeLessThan(COUNT);
  const second = await start({ parallelism: 3, restoreFrom: { checkpoint } });
  expect((await second.done).status).toBe("FINISHED");
  expect(lines()).toEqual(EXPECTED);
});

it("gives a copy in memory and goes on", async () => {
  const job = await start();
  const checkpoint = await job.savepointInMemory();
  expect([job.status, checkpoint.metadata.kind]).toEqual(["RUNNING", "savepoint"]);
  expect((await job.done).status).toBe("FINISHED");
  expect(lines()).toEqual(EXPECTED);
});
