import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, assert, beforeEach, describe, expect, it, vi } from "vitest";
import type { JobId } from "../../../common/ids/ids.ts";
import type { FileSystem } from "../../../runtime/checkpoint/storage/file-system.ts";
import { nodeFileSystem } from "../../../runtime/checkpoint/storage/node-file-system.ts";
import { systemError } from "../../../runtime/checkpoint/storage/testing/memory-file-system.ts";
import type { ScriptedJobMaster } from "../process/testing/scripted-job-master.ts";
import { bareRun } from "./bare-run.ts";
import type { RunRequest } from "./dispatcher-gateway.ts";
import { leadIn, type DispatcherRig } from "./testing/dispatcher-rig.ts";

const ID = "0123456789abcdef0123456789abcdef" as JobId;
const until = <T>(condition: () => T): Promise<NonNullable<Awaited<T>>> =>
  vi.waitUntil(condition, { timeout: 60_000, interval: 1 }) as Promise<NonNullable<Awaited<T>>>;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "millrace-crash-"));
});
afterEach(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }));

/**
 * A disk of a process that dies at its change of that number, a file that gets its name or loses it: before it, or when it is made and nobody was
 * told. From then on nothing is done any more.
 */
function dyingAt(change: number, when: "before" | "after", onDeath: () => void): FileSystem {
  let changes = 0;
  let dead = false;
  const alive = <A extends readonly unknown[], R>(
    changing: boolean,
    operation: (...args: A) => Promise<R>,
  ) => {
    return async (...args: A): Promise<R> => {
      const last = changing && changes++ === change;
      if (last) {
        if (when === "after") await operation(...args);
        dead = true;
        onDeath();
      }
      if (dead) throw systemError("EIO", "the process is dead");
      return operation(...args);
    };
  };
  return {
    makeFolder: alive(false, (path: string) => nodeFileSystem.makeFolder(path)),
    create: alive(false, (path: string) => nodeFileSystem.create(path)),
    link: alive(true, (existing: string, path: string) => nodeFileSystem.link(existing, path)),
    rename: alive(true, (from: string, to: string) => nodeFileSystem.rename(from, to)),
    remove: alive(true, (path: string) => nodeFileSystem.remove(path)),
    removeFolder: alive(true, (path: string) => nodeFileSystem.removeFolder(path)),
    list: alive(false, (path: string) => nodeFileSystem.list(path)),
    syncFile: (path) => nodeFileSystem.syncFile(path),
    syncFolder: alive(false, (path: string) => nodeFileSystem.syncFolder(path)),
    open: (path) => nodeFileSystem.open(path),
  };
}

const request = (artifactId: string): RunRequest => ({ ...bareRun(artifactId), jobId: ID });
const threadOf = ({ masters }: DispatcherRig): ScriptedJobMaster | undefined =>
  masters.find(({ name }) => name === `job ${ID}`);
const heard = (master: ScriptedJobMaster, type: string): Promise<unknown> =>
  until(() => master.received.some((message) => message.type === type));

/** What a job of one process has come to, as its client and its sinks know it. */
type Sign = "uploaded" | "accepted" | "committing" | "ended" | "cleaned";

/** A job's life from its upload to its end; `signs` tells how far it came. */
async function live(rig: DispatcherRig, signs: Set<Sign>): Promise<void> {
  const { id } = await rig.upload();
  signs.add("uploaded");
  const running = rig.dispatcher.run(request(id));
  running.catch(() => {});
  const master = await until(() => threadOf(rig));
  await master.task;
  master.built();
  await running;
  signs.add("accepted");
  master.runs();
  master.say({ type: "committing", savepoint: undefined, drained: false });
  await heard(master, "commitRecorded");
  signs.add("committing");
  const end = { ...master.view, exceptions: [] };
  master.say({ type: "ending", status: "FINISHED", view: end });
  await heard(master, "endRecorded");
  signs.add("ended");
  master.finish("FINISHED");
  // The client lets go of its upload last.
  await rig.dispatcher.removeArtifact(id);
  await until(() => rig.store.artifacts.path(id.split("_")[0] as string) === undefined);
  signs.add("cleaned");
}

async function filesIn(name: string): Promise<readonly string[]> {
  return (await readdir(join(folder, "ha", name))).filter((each) => !each.startsWith("."));
}

describe("a job whose JobManager dies", () => {
  it("runs once, and its client learns its end, wherever that is", { timeout: 120_000 }, async () => {
    const outcomes = new Set<string>();
    for (let window = 0; ; window++) {
      const [at, when] = [Math.floor(window / 2), window % 2 === 0 ? "before" : "after"] as const;
      const own = join(folder, String(window));
      await nodeFileSystem.makeFolder(own);
      const first = await leadIn(own);
      first.dispatcher.abandon();
      // It takes over from one that has left nothing, so that all operations from here on are the job's.
      const dead = Promise.withResolvers<void>();
      let counting = false;
      const dying = dyingAt(at, when, dead.resolve);
      const fileSystem = new Proxy(nodeFileSystem, {
        get: (target, name) => Reflect.get(counting ? dying : target, name) as unknown,
      });
      const rig = await leadIn(own, { fileSystem });
      counting = true;
      const signs = new Set<Sign>();
      const done = live(rig, signs).then(
        () => "lived",
        () => "died",
      );
      const outcome = await Promise.race([done, dead.promise.then(() => "died")]);
      if (outcome === "lived") break;
      const why = `died ${when} change ${at}, ${[...signs].at(-1) ?? "began"}`;
      rig.dispatcher.abandon();

      const next = await leadIn(own);
      const known = await next.dispatcher.job(ID).then(
        ({ status }) => status,
        () => "unknown",
      );
      // Who has no answer uploads again, and runs again.
      const { id } = await next.upload();
      const again = next.dispatcher.run(request(id));
      if (known === "unknown") {
        assert.isFalse(signs.has("accepted"), why);
        const master = await until(() => threadOf(next));
        assert.propertyVal(await master.task, "recovering", false, why);
        master.built();
        master.runs();
      }
      expect(await again, why).toBe(ID);
      const threads = next.masters.filter(({ name }) => name === `job ${ID}`);
      assert.lengthOf(threads, known === "FINISHED" || known === "FAILED" ? 0 : 1, why);
      if (known === "INITIALIZING") {
        assert.propertyVal(await threads[0]?.task, "recovering", true, why);
        assert.isFalse(signs.has("committing"), why);
      }
      if (known === "FAILED") assert.isFalse(signs.has("ended"), why);
      if (signs.has("ended")) assert.strictEqual(known, "FINISHED", why);
      outcomes.add(`${[...signs].at(-1) ?? "began"}: ${known}`);
      next.dispatcher.abandon();
    }
    // Every window was there.
    expect([...outcomes].sort()).toEqual([
      "accepted: FAILED",
      "accepted: INITIALIZING",
      "began: unknown",
      "committing: FAILED",
      "committing: FINISHED",
      "ended: FINISHED",
      "uploaded: INITIALIZING",
      "uploaded: unknown",
    ]);
  });

  it("leaves nothing behind but how it ended, and that for as long as is set", async () => {
    const settings = ["jobstore.expiration-time=1 h"];
    const first = await leadIn(folder, { settings });
    await live(first, new Set());
    await until(async () => (await filesIn("jobs")).length === 0);
    first.dispatcher.abandon();
    const at = (await first.dispatcher.job(ID)).endedAt as number;
    const second = await leadIn(folder, { settings, now: at + 3_599_000 });
    expect(await second.dispatcher.job(ID)).toEqual(await first.dispatcher.job(ID));
    expect(await filesIn("results")).toEqual([`2-${ID}.json`]);
    second.clock.advance(2000);
    await expect(second.dispatcher.job(ID)).rejects.toMatchObject({ code: "NOT_FOUND" });
    await until(async () => (await filesIn("results")).length === 0);
    for (const name of ["jobs", "artifacts"]) expect(await filesIn(name)).toEqual([]);
    second.dispatcher.abandon();
  });

  it("is remembered among as many as are set", async () => {
    const settings = ["jobstore.max-capacity=1"];
    const first = await leadIn(folder, { settings });
    await live(first, new Set());
    const { id } = await first.upload("export default 2;");
    const other = "f".repeat(32) as JobId;
    const running = first.dispatcher.run({ ...request(id), jobId: other });
    const master = await until(() => first.masters.find(({ name }) => name === `job ${other}`));
    await master.task;
    master.built();
    await running;
    master.runs();
    master.finish("FAILED");
    await until(async () => (await filesIn("results")).join() === `1-${other}.json`);
    first.dispatcher.abandon();
    const second = await leadIn(folder, { settings });
    expect((await second.dispatcher.jobs()).map(({ jobId }) => jobId)).toEqual([other]);
    second.dispatcher.abandon();
  });

  it("does not go on when it was cancelled, but is ended by the next one", async () => {
    const first = await leadIn(folder);
    const { id } = await first.upload();
    const running = first.dispatcher.run(request(id));
    const master = await until(() => threadOf(first));
    await master.task;
    master.built();
    await running;
    master.runs();
    master.answering = false;
    void first.dispatcher.cancel(ID).catch(() => {});
    await until(() => master.received.some((message) => message.type === "call"));
    first.dispatcher.abandon();
    const second = await leadIn(folder);
    const successor = await until(() => threadOf(second));
    await successor.task;
    successor.runs();
    await until(async () => (await second.dispatcher.job(ID)).status === "CANCELED");
    expect(second.masters).toHaveLength(1);
    second.dispatcher.abandon();
  });

  it("is told as far as is known where its view can't be read: another version wrote it", async () => {
    const first = await leadIn(folder);
    await live(first, new Set());
    first.dispatcher.abandon();
    const file = join(folder, "ha", "results", `1-${ID}.json`);
    const record = JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>;
    await writeFile(file, JSON.stringify({ ...record, engine: "millrace 0", view: "????" }));
    const second = await leadIn(folder);
    expect(await second.dispatcher.job(ID)).toMatchObject({
      jobId: ID,
      name: "scripted",
      status: "FINISHED",
      endedAt: 9,
    });
    second.dispatcher.abandon();
    await writeFile(join(folder, "ha", "results", `2-${ID}.json`), "{");
    await expect(leadIn(folder)).rejects.toMatchObject({
      code: "CODEC_CORRUPT",
      message: expect.stringContaining(file.replace("1-", "3-")) as unknown,
    });
  });
});
