import fc from "fast-check";
import { expect, it } from "vitest";
import { jobId, type JobId } from "../../../common/ids/ids.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { StateBytes } from "../../../protocol/control/snapshots.ts";
import { stateBytesOf } from "../format/map-state-bytes.ts";
import type { CheckpointStore, CompletedCheckpoint } from "./checkpoint-store.ts";
import { createCheckpointStore } from "./create-checkpoint-store.ts";
import { createStateFiles } from "./create-state-files.ts";
import type { FileSystem } from "./file-system.ts";
import { checkpointsIn, loadCheckpoint } from "./load-checkpoint.ts";
import { openStateFile, readStateFile } from "./open-state-file.ts";
import { metadataOf, testJob } from "./testing/checkpoint-metadata.ts";
import { MemoryFileSystem } from "./testing/memory-file-system.ts";
import { scheduled, type Turn } from "./testing/scheduled-file-system.ts";

/*
 * Processes that run one job at the same time, because one of them stood still while another took its place: interleaved at each operation of
 * the file system. A checkpoint's name in its metadata tells its whole history ("> old 1 > old 2 > new 3"), so that it can be seen whether what
 * was committed is one history, or several.
 */

const HISTORY_LENGTH = 200;

class Process {
  readonly store: CheckpointStore;
  /** The histories that sinks have committed. */
  readonly committed: string[] = [];
  fenced = false;
  readonly #name: string;
  readonly #fileSystem: FileSystem;
  #last: CompletedCheckpoint | undefined;

  constructor(name: string, pid: number, disk: MemoryFileSystem, turn: Turn) {
    this.#name = name;
    this.#fileSystem = scheduled(disk, turn);
    this.store = createCheckpointStore({
      directory: "/checkpoints",
      savepointDirectory: undefined,
      inlineThreshold: 10,
      fileSystem: this.#fileSystem,
      process: { host: "host", pid, startedAt: 0 },
    });
  }

  /** Takes over the job's own folder; false where another process has meanwhile. */
  async recover(): Promise<boolean> {
    try {
      await this.#recover();
    } catch (error) {
      if (!MillraceError.is(error, "FENCED")) throw error;
      this.fenced = true;
    }
    return !this.fenced;
  }

  async #recover(): Promise<void> {
    await this.store.open(testJob);
    this.#last = await this.store.newest();
    for (const checkpoint of await this.store.completed()) {
      try {
        await this.store.claim(checkpoint);
      } catch (error) {
        // Its former owner was about to remove it.
        if (checkpoint.path === this.#last?.path || !MillraceError.is(error, "SAVEPOINT_NOT_FOUND"))
          throw error;
      }
    }
  }

  /** Starts another job from the newest checkpoint; gives up when a newer one has come meanwhile. */
  async claimNewest(job: JobId): Promise<void> {
    await this.store.open(job);
    try {
      const newest = (await checkpointsIn(this.#fileSystem, `/checkpoints/${testJob}`)).at(-1);
      if (newest === undefined) return;
      const checkpoint = await loadCheckpoint(newest, this.#fileSystem);
      if ((await this.store.claim(checkpoint)) === undefined) this.#last = checkpoint;
    } catch (error) {
      if (!MillraceError.is(error, "SAVEPOINT_NOT_FOUND") && !MillraceError.is(error, "FENCED")) throw error;
    }
  }

  /** Whether it has something to go on from. */
  get started(): boolean {
    return this.#last !== undefined;
  }

  /** Takes checkpoints, each of which commits and replaces the one before. */
  async run(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await this.#checkpoint();
  }

  /** Tidies up, as at the end of a job that keeps its checkpoints. */
  async end(): Promise<void> {
    await this.store.removeOrphans();
    await this.store.close();
  }

  async #checkpoint(): Promise<void> {
    const before = this.#last;
    const id = (before?.metadata.checkpointId ?? 0) + 1;
    const history = `${before?.metadata.jobName ?? ""} > ${this.#name} ${id}`;
    const parts: StateBytes[] = [];
    try {
      const file = createStateFiles(this.store.location, { fileSystem: this.#fileSystem }).create("count");
      file.write(Buffer.from(history.padEnd(HISTORY_LENGTH)));
      parts.push(await file.close());
      const metadata = metadataOf(id, parts, { jobName: history });
      this.#last = await this.store.record(metadata, this.store.location);
    } catch (error) {
      await this.store.discardUnrecorded(metadataOf(id, parts));
      if (!MillraceError.is(error, "FENCED")) throw error;
      this.fenced = true;
      return;
    }
    this.committed.push(history);
    if (before !== undefined) await this.store.discard(before);
  }
}

/** Whether all are one history: each goes on from all that are shorter. */
function expectOneHistory(histories: readonly string[]): void {
  const ordered = [...histories].sort((a, b) => a.length - b.length);
  for (const [at, history] of ordered.entries()) {
    const before = ordered[at - 1] ?? "";
    if (!history.startsWith(before)) throw new Error(`two histories: "${before}" and "${history}"`);
  }
}

/** All that stands in a checkpoint can be read. */
async function expectWhole(disk: MemoryFileSystem, { metadata }: CompletedCheckpoint): Promise<void> {
  for (const bytes of stateBytesOf(metadata)) {
    const reader = openStateFile(disk, bytes);
    expect(Buffer.from(readStateFile(reader)).toString().trim()).toBe(metadata.jobName.trim());
    reader.close();
  }
}

interface World {
  readonly disk: MemoryFileSystem;
  readonly turn: Turn;
  readonly old: Process;
}

/** A job that has taken one checkpoint; from then on operations wait for their turns. */
async function worldOf(scheduler: fc.Scheduler): Promise<World> {
  const disk = new MemoryFileSystem();
  let free = true;
  const turn: Turn = () => (free ? Promise.resolve() : scheduler.schedule(Promise.resolve()));
  const old = new Process("old", 1, disk, turn);
  await old.recover();
  await old.run(1);
  free = false;
  return { disk, turn, old };
}

const RUNS = { numRuns: 100 };

it("successors of a job commit one history with it, wherever it goes on, and lose nothing of it", async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), async (scheduler) => {
      const { disk, turn, old } = await worldOf(scheduler);
      const successors = [new Process("a", 2, disk, turn), new Process("b", 3, disk, turn)];
      const lives = [
        old.run(2).then(() => old.end()),
        ...successors.map(async (process) => {
          if (await process.recover()) await process.run(2);
        }),
      ];
      const over = Promise.all(lives);
      await scheduler.waitFor(over);
      const all = [old, ...successors];
      expectOneHistory(all.flatMap(({ committed }) => committed));
      // One goes on: the last owner.
      const living = all.filter(({ fenced }) => !fenced);
      expect(living.length).toBeGreaterThan(0);
      expect(successors.some(({ fenced }) => !fenced)).toBe(true);
      // And whoever comes next goes on from all that was committed.
      const next = createCheckpointStore({
        directory: "/checkpoints",
        savepointDirectory: undefined,
        inlineThreshold: 10,
        fileSystem: disk,
      });
      await next.open(testJob);
      const newest = (await next.newest())!;
      await expectWhole(disk, newest);
      expectOneHistory([...all.flatMap(({ committed }) => committed), newest.metadata.jobName]);
      const longest = Math.max(...all.flatMap(({ committed }) => committed.map(({ length }) => length)));
      expect(newest.metadata.jobName.length).toBeGreaterThanOrEqual(longest);
    }),
    RUNS,
  );
});

it("jobs that claim a job's newest checkpoint commit one history with it, and with each other", async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), async (scheduler) => {
      const { disk, turn, old } = await worldOf(scheduler);
      const successors = [new Process("a", 2, disk, turn), new Process("b", 3, disk, turn)];
      successors.push(new Process("c", 4, disk, turn));
      const over = Promise.all([
        old.run(2).then(() => old.end()),
        ...successors.map(async (process, index) => {
          await process.claimNewest(jobId(new Uint8Array(16).fill(index + 1)));
          if (process.started) await process.run(2);
        }),
      ]);
      await scheduler.waitFor(over);
      expectOneHistory([old, ...successors].flatMap(({ committed }) => committed));
    }),
    RUNS,
  );
});
