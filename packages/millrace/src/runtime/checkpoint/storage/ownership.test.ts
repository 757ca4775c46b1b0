import { describe, expect, it } from "vitest";
import { jobId } from "../../../common/ids/ids.ts";
import type { StateBytes } from "../../../protocol/control/snapshots.ts";
import type { CheckpointStore } from "./checkpoint-store.ts";
import { createCheckpointStore } from "./create-checkpoint-store.ts";
import { createStateFiles } from "./create-state-files.ts";
import type { OwnerLeader } from "./folder-owner.ts";
import { loadCheckpoint } from "./load-checkpoint.ts";
import { newerBeside } from "./newer-beside.ts";
import { metadataOf, testJob } from "./testing/checkpoint-metadata.ts";
import { MemoryFileSystem, systemError } from "./testing/memory-file-system.ts";

const otherJob = jobId(new Uint8Array(16).fill(0xbb));
const FOLDER = `/checkpoints/${testJob}`;
const FENCED = expect.objectContaining({ code: "FENCED" });

async function openStore(
  fileSystem: MemoryFileSystem,
  pid: number,
  job = testJob,
  leader?: OwnerLeader,
): Promise<CheckpointStore> {
  const store = createCheckpointStore({
    directory: "/checkpoints",
    savepointDirectory: "/savepoints",
    inlineThreshold: 10,
    fileSystem,
    process: { host: "host", pid, startedAt: 0 },
    leader,
  });
  await store.open(job);
  return store;
}

async function write(fileSystem: MemoryFileSystem, store: CheckpointStore): Promise<StateBytes> {
  const file = createStateFiles(store.location, { fileSystem }).create("count");
  file.write(Buffer.alloc(100));
  return file.close();
}

describe("the owner of a job's checkpoints", () => {
  it("counts epochs, one for each that opened the folder", async () => {
    const fileSystem = new MemoryFileSystem();
    for (const epoch of [1, 2, 3]) expect((await openStore(fileSystem, epoch)).epoch).toBe(epoch);
    expect(fileSystem.files()).toEqual([`${FOLDER}/owner-3`]);
    const text = Buffer.from(fileSystem.bytesOf(`${FOLDER}/owner-3`)).toString();
    expect(JSON.parse(text)).toMatchObject({ epoch: 3, host: "host", pid: 3, startedAt: 0, job: testJob });
  });

  it("is the latest leader's: one that was stopped before it took them takes them from nobody when it goes on", async () => {
    const fileSystem = new MemoryFileSystem();
    const by = (pid: number, epoch: number, submittedAt = 100, job = testJob) =>
      openStore(fileSystem, pid, job, { epoch, submittedAt });
    await by(1, 1);
    const current = await by(3, 3);
    await expect(by(2, 2)).rejects.toThrowError(
      expect.objectContaining({
        code: "FENCED",
        message: expect.stringMatching(/process 3 on host.* leads as epoch 3; this one led as epoch 2$/u),
        help: expect.stringContaining("put back from a backup"),
      }),
    );
    await current.checkOwner();
    await expect(by(2, 2, 50)).rejects.toThrowError(FENCED);
    // Its own thread may have died. Who submits the job anew, or whose cluster was set up anew, begins again, and so does who is in no cluster.
    for (const take of [
      () => by(3, 3),
      () => by(1, 1, 101),
      () => by(4, 4, 7),
      () => openStore(fileSystem, 5),
    ])
      await (await take()).checkOwner();
  });

  it("is fenced by the next one, and told who that is; then it writes and removes nothing", async () => {
    const fileSystem = new MemoryFileSystem();
    const old = await openStore(fileSystem, 1);
    const first = await old.record(metadataOf(1, [await write(fileSystem, old)]), old.location);
    const underway = await write(fileSystem, old);
    const location = await old.prepareSavepoint(undefined);
    const next = await openStore(fileSystem, 4711);
    const before = fileSystem.files();
    await expect(old.checkOwner()).rejects.toThrowError(
      expect.objectContaining({
        code: "FENCED",
        message: `this process no longer owns the checkpoints in ${FOLDER}: they were taken over by process 4711 on host, started 1970-01-01T00:00:00.000Z, for job ${testJob}`,
        details: expect.objectContaining({
          epoch: 1,
          owner: expect.objectContaining({ epoch: 2, pid: 4711 }),
        }),
      }),
    );
    await expect(old.record(metadataOf(2, [underway]), old.location)).rejects.toThrowError(FENCED);
    const savepoint = metadataOf(3, [], { kind: "savepoint" });
    await expect(old.record(savepoint, location)).rejects.toThrowError(FENCED);
    // In memory, too: a stop with such a savepoint commits.
    const inMemory = { directory: undefined, inlineThreshold: 10 };
    await expect(old.record(savepoint, inMemory)).rejects.toThrowError(FENCED);
    expect(await old.discard(first)).toEqual(FENCED);
    await old.discardUnrecorded(metadataOf(2, [underway]));
    await old.removeOrphans();
    await old.close();
    expect(fileSystem.files()).toEqual(before);
    await next.checkOwner();
  });

  it("does not tell of what it recorded just when it was replaced, which stays, and is older than all that follows", async () => {
    const fileSystem = new MemoryFileSystem();
    const old = await openStore(fileSystem, 1);
    await old.record(metadataOf(1, []), old.location);
    const part = await write(fileSystem, old);
    fileSystem.before = (operation, path) => {
      // It stood still between its last look and the rename; all of the successor's life fits in between.
      if (operation !== "rename" || !path.endsWith("/chk-5/_metadata")) return;
      fileSystem.exchange(`${FOLDER}/owner-2`, Buffer.from("")); // the successor's epoch, its text not written yet
    };
    await expect(old.record(metadataOf(5, [part]), old.location)).rejects.toThrowError(FENCED);
    fileSystem.before = () => {};
    await old.discardUnrecorded(metadataOf(5, [part]));
    const next = await openStore(fileSystem, 3);
    expect(next.epoch).toBe(3);
    const late = await next.newest();
    expect(late?.metadata).toMatchObject({ checkpointId: 5, epoch: 1 });
    const second = await next.record(metadataOf(2, []), next.location);
    expect(second).toMatchObject({ path: `${FOLDER}/chk-2-3`, metadata: { epoch: 3 } });
    expect((await next.completed()).map(({ metadata }) => metadata.checkpointId)).toEqual([1, 5, 2]);
    expect(await next.newest()).toStrictEqual(second);
  });

  it("notices that its successor has come, ended, and left nothing", async () => {
    const fileSystem = new MemoryFileSystem();
    const old = await openStore(fileSystem, 1);
    const next = await openStore(fileSystem, 2);
    await next.close();
    expect(fileSystem.files()).toEqual([]);
    await expect(old.record(metadataOf(1, []), old.location)).rejects.toThrowError(
      /another process took them over, and has come to its end/u,
    );
    // Nor is it deceived by one that counts from 1 again.
    const stale = await openStore(fileSystem, 3);
    await (await openStore(fileSystem, 4)).close();
    const again = await openStore(fileSystem, 5);
    expect([stale.epoch, again.epoch]).toEqual([1, 1]);
    await expect(stale.checkOwner()).rejects.toThrowError(/process 5 on host/u);
    await again.checkOwner();
  });

  it("makes nothing anew in a folder that its successor has removed", async () => {
    const fileSystem = new MemoryFileSystem();
    const old = await openStore(fileSystem, 1);
    let gone = false;
    fileSystem.before = (operation, path) => {
      if (gone || operation !== "makeFolder" || !path.endsWith("/chk-1")) return;
      gone = true;
      throw systemError("ENOENT", path);
    };
    await expect(old.record(metadataOf(1, []), old.location)).rejects.toThrowError(/it does not exist/u);
    expect(fileSystem.files()).toEqual([`${FOLDER}/owner-1`]);
  });

  it("is the one who claimed a checkpoint, for as long as anything is left there", async () => {
    const fileSystem = new MemoryFileSystem();
    const old = await openStore(fileSystem, 1);
    const first = await old.record(metadataOf(1, [await write(fileSystem, old)]), old.location);
    const claiming = await openStore(fileSystem, 2, otherJob);
    await old.checkOwner();
    await claiming.claim(await loadCheckpoint(first.path!, fileSystem));
    await expect(old.checkOwner()).rejects.toThrowError(new RegExp(`for job ${otherJob}`, "u"));
    // Whoever claims it after that fences that one.
    const third = await openStore(fileSystem, 3, jobId(new Uint8Array(16).fill(0xcc)));
    await third.claim(await loadCheckpoint(first.path!, fileSystem));
    await expect(claiming.record(metadataOf(2, []), claiming.location)).rejects.toThrowError(FENCED);
    expect(await third.discard(first)).toBeUndefined();
    expect(fileSystem.files().filter((path) => path.startsWith(FOLDER))).toEqual([]);
    await expect(claiming.checkOwner()).rejects.toThrowError(FENCED);
    await third.checkOwner();
  });

  it("is not taken by the job that had it before, when that is recovered, from one that has claimed it since", async () => {
    const fileSystem = new MemoryFileSystem();
    const recover = async (): Promise<CheckpointStore> => {
      const store = createCheckpointStore({
        directory: "/checkpoints",
        savepointDirectory: undefined,
        inlineThreshold: 10,
        fileSystem,
      });
      await store.open(testJob, true);
      return store;
    };
    const old = await openStore(fileSystem, 1);
    const first = await old.record(metadataOf(1, []), old.location);
    const recovered = await recover();
    expect(recovered.epoch).toBe(2);
    const claiming = await openStore(fileSystem, 3, otherJob);
    await claiming.claim(first);
    await expect(recover()).rejects.toThrowError(
      expect.objectContaining({ code: "FENCED", message: expect.stringContaining(`for job ${otherJob}`) }),
    );
    await claiming.checkOwner();
  });

  it("is the one who claimed a savepoint, too", async () => {
    const fileSystem = new MemoryFileSystem();
    const old = await openStore(fileSystem, 1);
    const location = await old.prepareSavepoint(undefined);
    const { path } = await old.record(metadataOf(1, [], { kind: "savepoint" }), location);
    const [a, b] = [await openStore(fileSystem, 2, otherJob), await openStore(fileSystem, 3, otherJob)];
    await b.claim(await loadCheckpoint(path!, fileSystem));
    await expect(a.checkOwner()).rejects.toThrowError(FENCED);
    await old.checkOwner();
    const c = await openStore(fileSystem, 4, jobId(new Uint8Array(16).fill(0xcc)));
    const savepoint = await loadCheckpoint(path!, fileSystem);
    await c.claim(savepoint);
    await expect(b.checkOwner()).rejects.toThrowError(FENCED);
    expect(await c.discard(savepoint)).toBeUndefined();
    expect(await fileSystem.list("/savepoints")).toEqual([]);
    await c.checkOwner();
  });

  it("tells nobody of a checkpoint when it can't find out whether it is still the owner, and keeps its files", async () => {
    const fileSystem = new MemoryFileSystem();
    const store = await openStore(fileSystem, 1);
    const part = await write(fileSystem, store);
    let renamed = false;
    fileSystem.before = (operation, path) => {
      if (operation === "rename") renamed = true;
      if (renamed && operation === "list") throw systemError("EIO", path);
    };
    const failed = expect.objectContaining({ code: "CHECKPOINT_STORAGE_FAILED" });
    await expect(store.record(metadataOf(1, [part]), store.location)).rejects.toThrowError(failed);
    fileSystem.before = () => {};
    await store.discardUnrecorded(metadataOf(1, [part]));
    expect(await store.newest()).toMatchObject({ metadata: { checkpointId: 1 } });
    expect(fileSystem.files().filter((path) => path.includes("/shared/"))).toHaveLength(1);
  });

  it("has nothing to own in memory", async () => {
    const store = createCheckpointStore({
      directory: undefined,
      savepointDirectory: undefined,
      inlineThreshold: 10,
    });
    await store.open(testJob);
    await store.checkOwner();
    const { metadata } = await store.record(metadataOf(1, []), store.location);
    expect([store.epoch, metadata.epoch, await store.newest()]).toEqual([0, undefined, undefined]);
  });
});

describe("newerBeside", () => {
  it("tells of newer checkpoints in the folder, by whichever owner, and of the job that has gone on from it", async () => {
    const fileSystem = new MemoryFileSystem();
    const old = await openStore(fileSystem, 1);
    const first = await old.record(metadataOf(1, []), old.location);
    expect(await newerBeside(first, fileSystem)).toBeUndefined();
    const ninth = await old.record(metadataOf(9, []), old.location);
    expect(await newerBeside(first, fileSystem)).toBe(
      `checkpoint 1 is not the newest: a newer one is complete beside it: ${FOLDER}/chk-9. What sinks committed after checkpoint 1 is written again`,
    );
    const next = await openStore(fileSystem, 2);
    await next.record(metadataOf(2, []), next.location);
    expect(await newerBeside(ninth, fileSystem)).toContain(`${FOLDER}/chk-2-2`);
    const claiming = await openStore(fileSystem, 3, otherJob);
    const last = (await next.newest())!;
    await claiming.claim(last);
    expect(await newerBeside(last, fileSystem)).toBeUndefined();
    await claiming.record(metadataOf(3, []), claiming.location);
    expect(await newerBeside(last, fileSystem)).toContain(`job ${otherJob} was started from it`);
    expect(await newerBeside({ ...last, path: undefined }, fileSystem)).toBeUndefined();
  });
});
