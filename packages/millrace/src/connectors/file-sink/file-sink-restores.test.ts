import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import { jobId } from "../../common/ids/ids.ts";
import { SinkRun, type SinkRunOptions } from "../testing/sink-run.ts";
import { tempFolder, type TempFolder } from "../../common/testing/temp-folder.ts";
import { FileCommitter } from "./file-committer.ts";
import { diskParts } from "./disk-parts.ts";
import type { FileCommittable, FilePartState } from "./file-committable.ts";
import { fileSink } from "./file-sink.ts";

type Run = SinkRun<string, FileCommittable, FilePartState>;

const [OLD_JOB, NEW_JOB] = [1, 2].map((byte) => jobId(new Uint8Array(16).fill(byte))) as [
  ReturnType<typeof jobId>,
  ReturnType<typeof jobId>,
];

const outOf = (dir: TempFolder): string => join(dir.path, "out");
const start = (dir: TempFolder, options: SinkRunOptions<FilePartState> = {}, place = "out"): Run =>
  new SinkRun(fileSink({ path: join(dir.path, place), format: "lines" }), { jobId: OLD_JOB, ...options });

const names = (path: string): string[] => (existsSync(path) ? readdirSync(path).sort() : []);
const isHidden = (name: string): boolean => name.startsWith(".");
const text = (path: string): string =>
  names(path)
    .filter((name) => !isHidden(name))
    .map((name) => readFileSync(join(path, name), "utf8"))
    .join("");

describe("a savepoint of a file sink", () => {
  it("points at no file that the job goes on with", async () => {
    using dir = tempFolder();
    const run = start(dir);
    await run.write(["one"]);
    const savepoint = await run.checkpoint(true);
    expect(savepoint.states).toEqual([]);
    expect(savepoint.committables).toHaveLength(1);
    await run.write(["two"]);
    await run.commit([...savepoint.committables, ...(await run.finish())]);
    await run.close();
    expect(text(outOf(dir))).toBe("one\ntwo\n");
  });

  it("restores again and again, before and after the job that it was taken of has committed", async () => {
    using dir = tempFolder();
    const first = start(dir);
    await first.write(["one"]);
    const { committables, states } = await first.checkpoint(true);
    for (let i = 0; i < 2; i++) {
      const restored = start(dir, { jobId: NEW_JOB, restore: states });
      await restored.commit(committables);
      await restored.close();
      expect(text(outOf(dir))).toBe("one\n");
    }
    await first.commit(committables);
    await first.close();
    expect(text(outOf(dir))).toBe("one\n");
  });

  it("restores also when a reader has taken the files away since", async () => {
    using dir = tempFolder();
    const first = start(dir);
    await first.write(["one"]);
    const { committables } = await first.checkpoint(true);
    await first.commit(committables);
    await first.close();
    for (const name of names(outOf(dir))) rmSync(join(outOf(dir), name));
    const restored = start(dir, { jobId: NEW_JOB });
    await restored.commit(committables);
    const again = start(dir, { attempt: 1 });
    await again.commit(committables);
    for (const run of [restored, again]) await run.close();
    expect(text(outOf(dir))).toBe("");
  });
});

describe("a file sink of another job, restored from a checkpoint", () => {
  it("leaves the part in progress alone, which its owner may go on with", async () => {
    using dir = tempFolder();
    const owner = start(dir);
    await owner.write(["one"]);
    const { states } = await owner.checkpoint();
    const copy = start(dir, { jobId: NEW_JOB, restore: states }, "copy");
    await copy.write(["two"]);
    await copy.commit(await copy.finish());
    await copy.close();
    expect(text(join(dir.path, "copy"))).toBe("one\ntwo\n");
    await owner.write(["three"]);
    await owner.commit(await owner.finish());
    await owner.close();
    expect(text(outOf(dir))).toBe("one\nthree\n");
  });

  it("says which hidden file is gone", async () => {
    using dir = tempFolder();
    const owner = start(dir);
    await owner.write(["one"]);
    const { states } = await owner.checkpoint();
    await owner.close();
    rmSync(states[0]!.temporary);
    const restored = start(dir, { jobId: NEW_JOB, restore: states });
    await expect(restored.checkpoint()).rejects.toMatchObject({
      code: "SINK_FAILED",
      message: expect.stringContaining(`${basename(states[0]!.temporary)}, in which records`) as string,
    });
    await restored.close();
  });
});

describe("what dead attempts of a file sink left behind", () => {
  /** A process that was killed: its files stay as they are. */
  async function killed(dir: TempFolder, options: SinkRunOptions<FilePartState>): Promise<string> {
    const before = names(outOf(dir));
    const run = start(dir, options);
    await run.write(["lost"]);
    await run.checkpoint();
    // Known to a checkpoint that was never recorded, the file outlives the writer.
    await run.close();
    return names(outOf(dir)).find((name) => !before.includes(name))!;
  }

  it("is removed with the first checkpoint of a later attempt, and nothing else is", async () => {
    using dir = tempFolder();
    const own = await killed(dir, { subtask: 0 });
    const gone = await killed(dir, { subtask: 2 });
    const neighbour = await killed(dir, { subtask: 1 });
    const stranger = await killed(dir, { jobId: NEW_JOB });
    const later = await killed(dir, { attempt: 5 });
    const run = start(dir, { attempt: 2, subtask: 0, parallelism: 2 });
    const { committables } = await run.checkpoint();
    expect(names(outOf(dir))).toEqual([own, gone, neighbour, stranger, later].sort());
    await run.commit(committables);
    expect(names(outOf(dir))).toEqual([neighbour, stranger, later].sort());
    expect((await run.checkpoint()).committables).toEqual([]);
    await run.close();
  });

  it("does no harm, though it is alive: a predecessor writes, prepares and commits on in vain", async () => {
    using dir = tempFolder();
    const zombie = start(dir);
    await zombie.write(["one"]);
    const { committables, states } = await zombie.checkpoint();
    const successor = start(dir, { attempt: 1, restore: states });
    await successor.commit(committables);
    await successor.write(["two"]);
    const next = await successor.checkpoint();
    await successor.commit(next.committables);
    // Its file was removed under its hands.
    await zombie.write(["two", "and more"]);
    await zombie.writer.flush(false);
    const late = await zombie.checkpoint();
    await successor.write(["three"]);
    await successor.commit(await successor.finish());
    // It is told of the checkpoint that it once took part in, late.
    await zombie.commit(committables);
    expect(late.states).toHaveLength(1);
    for (const run of [zombie, successor]) await run.close();
    expect(text(outOf(dir))).toBe("one\ntwo\nthree\n");
  });
});

describe("commits of one part by two attempts", () => {
  it("both succeed, in whatever way their steps meet", async () => {
    for (let round = 0; round < 20; round++) {
      using dir = tempFolder();
      const run = start(dir);
      await run.write(["one"]);
      const { committables } = await run.checkpoint(true);
      const committer = (attempt: number): FileCommitter =>
        new FileCommitter(diskParts, { jobId: OLD_JOB, attempt });
      const results = await Promise.all([0, 1].map((attempt) => committer(attempt).commit(committables)));
      expect(results).toEqual([[{ kind: "committed" }], [{ kind: "committed" }]]);
      expect(text(outOf(dir))).toBe("one\n");
      await run.close();
    }
  });
});
