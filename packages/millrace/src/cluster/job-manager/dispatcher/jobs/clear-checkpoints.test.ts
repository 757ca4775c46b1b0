import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ManualClock } from "../../../../common/clock/manual-clock.ts";
import { parseConfig } from "../../../../common/config/configuration.ts";
import { jobId } from "../../../../common/ids/ids.ts";
import { tempFolder } from "../../../../common/testing/temp-folder.ts";
import { createCheckpointStore } from "../../../../runtime/checkpoint/storage/create-checkpoint-store.ts";
import type { CheckpointStore } from "../../../../runtime/checkpoint/storage/checkpoint-store.ts";
import { createStateFiles } from "../../../../runtime/checkpoint/storage/create-state-files.ts";
import { nodeFileSystem } from "../../../../runtime/checkpoint/storage/node-file-system.ts";
import { metadataOf, testJob } from "../../../../runtime/checkpoint/storage/testing/checkpoint-metadata.ts";
import { clearCheckpoints, type EndedJob } from "./clear-checkpoints.ts";
import type { FinalStatus } from "./job-host-options.ts";

const log: string[] = [];
const surroundings = {
  clock: new ManualClock(),
  fileSystem: nodeFileSystem,
  log: (level: string, text: string) => log.push(`${level} ${text}`),
};
const configOf = (directory: string, retention: string): Readonly<Record<string, unknown>> =>
  parseConfig({
    "execution.checkpointing.dir": directory,
    "execution.checkpointing.externalized-checkpoint-retention": retention,
  });

const ended = (
  config: Readonly<Record<string, unknown>>,
  status: FinalStatus = "FINISHED",
  epoch = 2,
): EndedJob => ({ submission: { jobId: testJob, submittedAt: 100 }, settled: { config }, status, epoch });

async function open(directory: string, job = testJob, epoch?: number): Promise<CheckpointStore> {
  const store = createCheckpointStore({
    directory,
    savepointDirectory: undefined,
    inlineThreshold: 0,
    leader: epoch === undefined ? undefined : { epoch, submittedAt: 100 },
  });
  await store.open(job);
  return store;
}

/** Leaves two checkpoints, of which the older was about to go, and a file of none. */
async function leave(directory: string): Promise<CheckpointStore> {
  const store = await open(directory);
  for (const id of [1, 2]) {
    const file = createStateFiles(store.location).create("count");
    file.write(Buffer.alloc(100));
    await store.record(metadataOf(id, [await file.close()]), store.location);
  }
  const orphan = createStateFiles(store.location).create("count");
  orphan.write(Buffer.alloc(100));
  await orphan.close();
  return store;
}

describe("clearCheckpoints", () => {
  it.each<readonly [FinalStatus, string, boolean]>([
    ["FINISHED", "RETAIN_ON_CANCELLATION", false],
    ["FAILED", "NO_EXTERNALIZED_CHECKPOINTS", false],
    ["FAILED", "DELETE_ON_CANCELLATION", true],
    ["CANCELED", "DELETE_ON_CANCELLATION", false],
    ["CANCELED", "RETAIN_ON_CANCELLATION", true],
  ])("of a job that is %s with %s", async (status, retention, kept) => {
    using folder = tempFolder();
    const former = await leave(folder.path);
    const config = configOf(folder.path, retention);
    expect(await clearCheckpoints(ended(config, status), surroundings)).toBe(true);
    const files = folder.files().map((name) => name.replace(/[0-9a-f]{24}$/u, "*"));
    expect(files).toEqual(
      kept ? [`${testJob}/chk-2/_metadata`, `${testJob}/owner-2`, `${testJob}/shared/count-*`] : [],
    );
    // Who had them before does no harm any more.
    await expect(former.checkOwner()).rejects.toMatchObject({ code: "FENCED" });
  });

  it("leaves what another job has claimed, and makes nothing where there is nothing", async () => {
    using folder = tempFolder();
    const former = await leave(folder.path);
    const config = configOf(folder.path, "NO_EXTERNALIZED_CHECKPOINTS");
    const claiming = await open(folder.path, jobId(new Uint8Array(16).fill(0xbb)));
    await claiming.claim((await former.newest())!);
    const before = folder.files();
    expect(await clearCheckpoints(ended(config), surroundings)).toBe(true);
    expect(folder.files()).toEqual(before);
    await claiming.checkOwner();
    // Nor is anything taken from the next leader.
    using led = tempFolder();
    await leave(led.path);
    const next = await open(led.path, testJob, 3);
    expect(await clearCheckpoints(ended(configOf(led.path, "DELETE_ON_CANCELLATION")), surroundings)).toBe(
      true,
    );
    await next.checkOwner();
    expect(await next.completed()).toHaveLength(2);
    const nowhere = join(folder.path, "not", "there");
    const other = configOf(nowhere, "NO_EXTERNALIZED_CHECKPOINTS");
    expect(await clearCheckpoints(ended(other), surroundings)).toBe(true);
    expect(existsSync(nowhere)).toBe(false);
    expect(await clearCheckpoints(ended(parseConfig({})), surroundings)).toBe(true);
  });

  it("says when it could not be done now", async () => {
    using folder = tempFolder();
    await leave(folder.path);
    const broken = {
      ...nodeFileSystem,
      list: () => Promise.reject(Object.assign(new Error("gone"), { code: "EIO" })),
    };
    const config = configOf(folder.path, "NO_EXTERNALIZED_CHECKPOINTS");
    expect(await clearCheckpoints(ended(config), { ...surroundings, fileSystem: broken })).toBe(false);
    expect(log.at(-1)).toMatch(/^warn job \w+: what is left of its checkpoints is not removed/u);
  });
});
