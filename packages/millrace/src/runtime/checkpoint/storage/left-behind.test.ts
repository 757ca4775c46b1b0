import { describe, expect, it } from "vitest";
import { jobId, type JobId } from "../../../common/ids/ids.ts";
import { createCheckpointStore } from "./create-checkpoint-store.ts";
import { leftBehind } from "./left-behind.ts";
import { metadataOf } from "./testing/checkpoint-metadata.ts";
import { MemoryFileSystem } from "./testing/memory-file-system.ts";

const [first, second, third] = [1, 2, 3].map((n) => jobId(new Uint8Array(16).fill(n))) as [
  JobId,
  JobId,
  JobId,
];
const starting = { jobId: third, jobName: "delays" };

/** A job that takes a checkpoint at `completedAt` and is killed. */
async function killed(
  fileSystem: MemoryFileSystem,
  job: JobId,
  completedAt: number,
  jobName = "delays",
): Promise<string | undefined> {
  const store = createCheckpointStore({
    directory: "/checkpoints",
    savepointDirectory: "/savepoints",
    inlineThreshold: 10,
    fileSystem,
    process: { host: "host", pid: completedAt, startedAt: 0 },
  });
  await store.open(job);
  const metadata = metadataOf(1, [], { jobId: job, jobName, completedAt });
  return (await store.record(metadata, store.location)).path;
}

describe("what an earlier run of a job has left", () => {
  it("is its newest checkpoint, of whichever run", async () => {
    const fileSystem = new MemoryFileSystem();
    const newer = await killed(fileSystem, first, 20);
    await killed(fileSystem, second, 10);
    const left = await leftBehind("/checkpoints", starting, () => false, fileSystem);
    expect(left).toMatchObject({ path: newer, metadata: { jobId: first } });
  });

  it("is none of the job itself, of jobs that run, of other names, or of damaged ones", async () => {
    const fileSystem = new MemoryFileSystem();
    await killed(fileSystem, first, 20);
    await killed(fileSystem, second, 10, "another");
    await killed(fileSystem, third, 30);
    const alive = ({ pid }: { pid: number }): boolean => pid === 20;
    expect(await leftBehind("/checkpoints", starting, alive, fileSystem)).toBeUndefined();
    fileSystem.exchange(`/checkpoints/${first}/chk-1/_metadata`, new Uint8Array(100));
    expect(await leftBehind("/checkpoints", starting, () => false, fileSystem)).toBeUndefined();
  });

  it("is nothing where there is no folder", async () => {
    const none = leftBehind("/none", starting, () => false, new MemoryFileSystem());
    expect(await none).toBeUndefined();
  });
});
