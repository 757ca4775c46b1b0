import { assert, describe, expect, it } from "vitest";
import type { JobId } from "../../../../common/ids/ids.ts";
import { artifactHeaderLine } from "../../../../protocol/cluster/artifact-header.ts";
import {
  MemoryFileSystem,
  systemError,
} from "../../../../runtime/checkpoint/storage/testing/memory-file-system.ts";
import type { StoredJob } from "./job-store.ts";
import { openClusterStore, type ClusterStore } from "./open-store.ts";

let random = 0;
const randomBytes = (count: number): Uint8Array => {
  const bytes = new Uint8Array(count);
  new DataView(bytes.buffer).setUint32(0, ++random);
  return bytes;
};
const open = (fileSystem: MemoryFileSystem): Promise<ClusterStore> =>
  openClusterStore({
    fileSystem,
    folder: "/ha/default",
    durable: true,
    leader: { host: "here", pid: 7, startedAt: 1000 },
    engineVersion: "millrace 1",
    randomBytes,
  });

const idOf = (number: number): JobId => String(number).padStart(32, "0") as JobId;
const jobOf = (number: number, more: Partial<StoredJob> = {}): StoredJob => ({
  submission: {
    jobId: idOf(number),
    artifact: { sha256: "a".repeat(64), bytes: 1, originalUrl: "file:///job.ts" },
    args: { values: { since: new Date(5), big: 2n ** 70n } },
    config: {},
    parallelism: undefined,
    restore: undefined,
    submittedAt: number,
  },
  settled: {
    jobName: `job ${number}`,
    args: {},
    captured: { bytes: new Uint8Array([1, 2]), minus: -0 },
    config: {},
    fingerprint: "f",
  },
  requirements: undefined,
  ended: undefined,
  ...more,
});
const module = (text: string, version = "millrace 1"): Uint8Array =>
  Buffer.from(
    artifactHeaderLine({ engineVersion: version, originalUrl: "file:///jobs/a.ts", jobName: "a" }) + text,
  );

/** Names of jobs that the next leader would start. */
const namesIn = (store: ClusterStore): string[] =>
  store.jobs
    .recovered()
    .map(({ settled, ended }) => `${settled.jobName}${ended === undefined ? "" : ` ${ended}`}`);

describe("the store of a cluster", () => {
  it("hands jobs over to the next leader as they were", async () => {
    const fileSystem = new MemoryFileSystem();
    const first = await open(fileSystem);
    expect(first.leadership.epoch).toBe(1);
    await first.jobs.put(jobOf(2));
    await first.jobs.put(jobOf(1));
    await first.jobs.put(jobOf(1, { requirements: { v: { lower: 1, upper: 3 } } }));
    await first.jobs.put(jobOf(3));
    await first.jobs.remove(idOf(3));
    const second = await open(fileSystem.after("power loss"));
    expect(second.leadership.epoch).toBe(2);
    expect(second.jobs.recovered()).toEqual([
      jobOf(1, { requirements: { v: { lower: 1, upper: 3 } } }),
      jobOf(2),
    ]);
  });

  it("keeps artifacts as long as an upload lists them or a job uses them", async () => {
    const fileSystem = new MemoryFileSystem();
    const { artifacts } = await open(fileSystem);
    const first = await artifacts.add(module("1"), "a/b c.mjs", 5);
    expect(first).toMatchObject({ name: "a_b_c.mjs", jobName: "a", uploadedAt: 5 });
    const again = await artifacts.add(module("1"), "other.mjs", 6);
    expect(again.sha256).toBe(first.sha256);
    await expect(artifacts.add(module("2", "millrace 2"), "c", 1)).rejects.toMatchObject({
      code: "VERSION_MISMATCH",
    });
    await expect(artifacts.add(Buffer.from("PK"), "c", 1)).rejects.toMatchObject({
      code: "JOB_MODULE_INVALID",
    });
    artifacts.use(first.sha256);
    await artifacts.remove(first.id);
    await artifacts.remove(again.id);
    expect(artifacts.all).toEqual([]);
    expect(artifacts.url(first.sha256)).toMatch(/^file:.*\.mjs$/u);
    const next = await open(fileSystem.after("kill"));
    expect(fileSystem.bytesOf(artifacts.path(first.sha256) as string)).toEqual(new Uint8Array(module("1")));
    next.artifacts.use(first.sha256);
    await next.artifacts.release(first.sha256);
    expect(next.artifacts.path(first.sha256)).toBeUndefined();
  });

  it("fences a leader that another has replaced, and lets it change nothing", async () => {
    const fileSystem = new MemoryFileSystem();
    const first = await open(fileSystem);
    const { id, sha256 } = await first.artifacts.add(module("1"), "a", 5);
    await first.jobs.put(jobOf(1));
    const second = await open(fileSystem);
    const fenced = { code: "FENCED", message: expect.stringContaining("process 7 on here") };
    await expect(first.jobs.put(jobOf(2))).rejects.toMatchObject(fenced);
    await expect(first.jobs.remove(idOf(1))).rejects.toMatchObject(fenced);
    await expect(first.artifacts.add(module("2"), "b", 5)).rejects.toMatchObject(fenced);
    await expect(first.artifacts.remove(id)).rejects.toMatchObject(fenced);
    expect(namesIn(second)).toEqual(["job 1"]);
    await second.jobs.remove(idOf(1));
    const third = await open(fileSystem);
    expect(namesIn(third)).toEqual([]);
    expect(third.artifacts.path(sha256)).toBeDefined();
  });

  /** What a leader does, and what it was told was done. */
  async function lead(store: ClusterStore, done: Set<string>): Promise<void> {
    const step = async (name: string, work: () => Promise<unknown>): Promise<void> => {
      await work();
      done.add(name);
    };
    await step("put 1", () => store.jobs.put(jobOf(1)));
    await step("put 2", () => store.jobs.put(jobOf(2)));
    await step("end 2", () => store.jobs.put(jobOf(2, { ended: "FINISHED" })));
    await step("upload", () => store.artifacts.add(module("1"), "a", 5));
    await step("remove 2", () => store.jobs.remove(idOf(2)));
  }

  function expectKept(store: ClusterStore, done: ReadonlySet<string>, why: string): void {
    const names = namesIn(store);
    if (done.has("put 1")) assert.include(names, "job 1", why);
    if (done.has("end 2")) assert.notInclude(names, "job 2", why);
    else if (done.has("put 2"))
      assert.isTrue(
        names.some((name) => name.startsWith("job 2")),
        why,
      );
    if (done.has("remove 2")) assert.deepEqual(names, ["job 1"], why);
    if (done.has("upload")) {
      const [artifact] = store.artifacts.all;
      assert.isDefined(store.artifacts.path(artifact?.sha256 as string), why);
    }
  }

  it.each([["with", true] as const, ["without", false] as const])(
    "loses nothing that it said was done, wherever the process dies or the power fails, %s hard links",
    async (_, links) => {
      const withLinks = (fileSystem: MemoryFileSystem): MemoryFileSystem =>
        Object.assign(fileSystem, { links });
      const dry = withLinks(new MemoryFileSystem());
      await (await open(dry)).jobs.put(jobOf(9));
      let operations = 0;
      dry.before = () => void operations++;
      const second = await open(dry);
      const total = new Set<string>();
      await lead(second, total);
      expect(total.size).toBe(5);
      for (let at = 0; at < operations; at++) {
        for (const how of ["kill", "power loss"] as const) {
          const fileSystem = withLinks(new MemoryFileSystem());
          const former = await open(fileSystem);
          await former.jobs.put(jobOf(9));
          const done = new Set<string>();
          let count = 0;
          fileSystem.before = (operation, path) => {
            if (count++ >= at) throw systemError("EIO", `${operation} ${path}`);
          };
          await open(fileSystem)
            .then((store) => lead(store, done))
            .catch(() => {});
          const next = await open(fileSystem.after(how));
          const why = `${how} at operation ${at}`;
          expect(namesIn(next), why).toContain("job 9");
          await next.jobs.remove(idOf(9));
          expectKept(next, done, why);
        }
      }
    },
  );

  it("lets a leader that stands still at any operation do no harm when it goes on", async () => {
    for (let at = 0; ; at++) {
      const fileSystem = new MemoryFileSystem();
      const held = Promise.withResolvers<void>();
      const stopped = Promise.withResolvers<void>();
      const slow = holdAt(fileSystem, at, stopped.resolve, held.promise);
      const done = new Set<string>();
      const leading = openClusterStore({
        fileSystem: slow,
        folder: "/ha/default",
        durable: true,
        leader: { host: "slow", pid: 1, startedAt: 0 },
        engineVersion: "millrace 1",
        randomBytes,
      }).then((store) => lead(store, done));
      const outcome = leading.then(
        () => "done",
        (error: { code?: string }) => error.code,
      );
      if ((await Promise.race([stopped.promise.then(() => "stopped"), outcome])) !== "stopped") break;
      if (!fileSystem.files().some((path) => path.includes("/epoch-"))) {
        // It has not begun to lead: it leads after the other, as it should.
        await open(fileSystem);
        held.resolve();
        assert.strictEqual(await outcome, "done");
        continue;
      }
      const before = new Set(done);
      const next = await open(fileSystem);
      expectKept(next, before, `stopped at operation ${at}`);
      for (const { submission } of next.jobs.recovered()) await next.jobs.remove(submission.jobId);
      await next.jobs.put(jobOf(5));
      held.resolve();
      // It finds out before it counts on anything; an upload may have been listed before.
      expect(["FENCED", "CHECKPOINT_STORAGE_FAILED"], `stopped at ${at}`).toContain(await outcome);
      expect([...done]).toEqual([...before]);
      const last = await open(fileSystem);
      expect(namesIn(last), `stopped at operation ${at}`).toEqual(["job 5"]);
    }
  });
});

/** A file system whose operation of that number waits, as those of a process that was stopped. */
function holdAt(
  fileSystem: MemoryFileSystem,
  at: number,
  stopped: () => void,
  until: Promise<void>,
): MemoryFileSystem {
  let count = 0;
  const wait = async (): Promise<void> => {
    if (count++ !== at) return;
    stopped();
    await until;
  };
  return new Proxy(fileSystem, {
    get(target, name) {
      const method = Reflect.get(target, name, target) as (...args: unknown[]) => unknown;
      if (name === "open" || typeof method !== "function") {
        return typeof method === "function" ? method.bind(target) : method;
      }
      return async (...args: unknown[]) => {
        await wait();
        const result = await method.apply(target, args);
        if (name !== "create") return result;
        const file = result as Record<string, (...inner: unknown[]) => Promise<unknown>>;
        return Object.fromEntries(
          ["write", "sync", "close"].map((each) => [
            each,
            async (...inner: unknown[]) => {
              await wait();
              return file[each]?.(...inner);
            },
          ]),
        );
      };
    },
  });
}
