import { dirname } from "node:path";
import { describe, expect, it } from "vitest";
import type { CheckpointLocation, StateBytes } from "../../../../protocol/control/snapshots.ts";
import { stateFilesOf } from "../../format/map-state-bytes.ts";
import type { CheckpointStore, CompletedCheckpoint } from "../checkpoint-store.ts";
import type { CheckpointStoreOptions } from "../create-checkpoint-store.ts";
import { createStateFiles } from "../create-state-files.ts";
import { loadCheckpoint } from "../load-checkpoint.ts";
import { readStateFile } from "../open-state-file.ts";
import { metadataOf, testJob } from "./checkpoint-metadata.ts";
import { MemoryFileSystem } from "./memory-file-system.ts";

/** Bytes up to which the suite's state stays inline. */
export const SUITE_THRESHOLD = 10;

/** What a CheckpointStore has to do, wherever its checkpoints stand. @param directory where they go, if anywhere */
export function describeCheckpointStore(
  name: string,
  directory: string | undefined,
  createStore: (options: CheckpointStoreOptions) => CheckpointStore,
): void {
  /** A store, and what stands in its files. */
  class Rig {
    readonly fileSystem = new MemoryFileSystem();
    readonly store = createStore({
      directory,
      savepointDirectory: undefined,
      inlineThreshold: SUITE_THRESHOLD,
      fileSystem: this.fileSystem,
    });

    async open(): Promise<this> {
      await this.store.open(testJob);
      return this;
    }

    /** State of a subtask, as a task writes it. */
    async write(text: string, location: CheckpointLocation = this.store.location): Promise<StateBytes> {
      const file = createStateFiles(location, { fileSystem: this.fileSystem }).create("count-0");
      file.write(Buffer.from(text.repeat(10)));
      return file.close();
    }

    async record(id: number, ...parts: readonly StateBytes[]): Promise<CompletedCheckpoint> {
      return this.store.record(metadataOf(id, parts), this.store.location);
    }

    /** The texts that a checkpoint's parts hold. */
    texts({ metadata }: CompletedCheckpoint): string[] {
      const files = createStateFiles(this.store.location, { fileSystem: this.fileSystem });
      const [keyed] = metadata.operators.flatMap(({ subtasks }) => subtasks.map((subtask) => subtask.keyed));
      const parts = keyed?.kind === "canonical" ? keyed.parts : [];
      return parts.map((part) => {
        const reader = files.open(part);
        try {
          const text = Buffer.from(readStateFile(reader)).toString();
          return text.slice(0, text.length / 10);
        } finally {
          reader.close();
        }
      });
    }

    /** The same, read again where it is on disk. */
    async load(checkpoint: CompletedCheckpoint): Promise<CompletedCheckpoint> {
      return checkpoint.path === undefined ? checkpoint : loadCheckpoint(checkpoint.path, this.fileSystem);
    }

    /** How many files of state there are. */
    get stateFiles(): number {
      return this.fileSystem.files().filter((path) => !/\/(?:_metadata|owner-\d+)$/u.test(path)).length;
    }

    /** Whether checkpoints have files. */
    get onDisk(): boolean {
      return directory !== undefined;
    }
  }

  const open = (): Promise<Rig> => new Rig().open();

  describe(`CheckpointStore: ${name}`, () => {
    it("records checkpoints, which can be read again", async () => {
      const rig = await open();
      const completed = await rig.record(1, await rig.write("first"), await rig.write("second"));
      expect(rig.texts(completed)).toEqual(["first", "second"]);
      expect(completed.metadata.checkpointId).toBe(1);
      const loaded = await rig.load(completed);
      expect(loaded).toStrictEqual(completed);
      expect(completed.path?.endsWith("/chk-1")).toBe(rig.onDisk ? true : undefined);
      expect(rig.fileSystem.openFiles).toBe(0);
    });

    it("removes files when the last checkpoint that names them is discarded", async () => {
      const rig = await open();
      const [base, change, other] = [
        await rig.write("base"),
        await rig.write("change"),
        await rig.write("other"),
      ];
      const first = await rig.record(1, base, base);
      const second = await rig.record(2, base, change);
      const third = await rig.record(3, other);
      expect(await rig.store.discard(first)).toBeUndefined();
      expect(rig.texts(second)).toEqual(["base", "change"]);
      expect(await rig.store.discard(first)).toBeUndefined();
      expect(rig.texts(second)).toEqual(["base", "change"]);
      expect(await rig.store.discard(second)).toBeUndefined();
      expect(rig.texts(third)).toEqual(["other"]);
      expect(rig.stateFiles).toBe(rig.onDisk ? 1 : 0);
      expect(await rig.store.discard(third)).toBeUndefined();
      await rig.store.close();
      expect(rig.fileSystem.files()).toEqual([]);
    });

    it("keeps what recorded checkpoints name when others are given up", async () => {
      const rig = await open();
      const base = await rig.write("base");
      const first = await rig.record(1, base);
      await rig.store.discardUnrecorded(metadataOf(2, [base, await rig.write("change")]));
      expect(rig.texts(first)).toEqual(["base"]);
      expect(rig.stateFiles).toBe(rig.onDisk ? 1 : 0);
    });

    it("removes what nobody names, and nothing else", async () => {
      const rig = await open();
      const first = await rig.record(1, await rig.write("kept"));
      await rig.write("orphan");
      await rig.store.removeOrphans();
      expect(rig.texts(first)).toEqual(["kept"]);
      expect(rig.stateFiles).toBe(rig.onDisk ? 1 : 0);
      await rig.store.close();
      expect(rig.texts(first)).toEqual(["kept"]);
    });

    it.each(["/savepoints", undefined])(
      "takes savepoints that need nothing else: target %s",
      async (target) => {
        const rig = await open();
        const finished = await rig.write("finished");
        const checkpoint = await rig.record(1, finished);
        const location = await rig.store.prepareSavepoint(target);
        const parts = [await rig.write("own", location), finished, finished];
        const savepoint = await rig.store.record(metadataOf(2, parts, { kind: "savepoint" }), location);
        await rig.store.discard(checkpoint);
        await rig.store.discard(savepoint);
        await rig.store.close();
        expect(rig.texts(savepoint)).toEqual(["own", "finished", "finished"]);
        expect(savepoint.path).toBe(location.directory);
        for (const file of stateFilesOf(savepoint.metadata)) expect(dirname(file)).toBe(location.directory);
        expect(await rig.load(savepoint)).toStrictEqual(savepoint);
        const onDisk = target !== undefined;
        expect([savepoint.path !== undefined, rig.fileSystem.files().length > 0]).toEqual([onDisk, onDisk]);
      },
    );

    it("gives each savepoint a folder of its own", async () => {
      const rig = await open();
      const folders = [
        (await rig.store.prepareSavepoint("/savepoints")).directory,
        (await rig.store.prepareSavepoint("/savepoints")).directory,
      ];
      expect(new Set(folders).size).toBe(2);
      for (const folder of folders) expect(folder).toMatch(/^\/savepoints\/savepoint-a0a1a2-[0-9a-f]{12}$/u);
    });

    it("leaves nothing of a savepoint that was given up", async () => {
      const rig = await open();
      const location = await rig.store.prepareSavepoint("/savepoints");
      const parts = [await rig.write("own", location)];
      await rig.store.discardUnrecorded(metadataOf(2, parts, { kind: "savepoint" }));
      expect(rig.stateFiles).toBe(0);
      expect(await rig.fileSystem.list("/savepoints")).toEqual([]);
    });

    it("leaves the folder of a savepoint that is about to be written alone while others are given up", async () => {
      const rig = await open();
      const location = await rig.store.prepareSavepoint("/savepoints");
      await rig.store.discardUnrecorded(metadataOf(1, [await rig.write("given up")]));
      const own = await rig.write("own", location);
      const savepoint = await rig.store.record(metadataOf(2, [own], { kind: "savepoint" }), location);
      expect(rig.texts(savepoint)).toEqual(["own"]);
      const unused = await rig.store.prepareSavepoint("/others");
      await rig.store.close();
      expect(unused.directory).toMatch(/^\/others\//u);
      expect(await rig.fileSystem.list("/others")).toEqual([]);
    });

    it("needs nothing of a savepoint that it was started from", async () => {
      const rig = await open();
      const location = await rig.store.prepareSavepoint("/savepoints");
      const own = await rig.write("own", location);
      const savepoint = await rig.store.record(metadataOf(1, [own], { kind: "savepoint" }), location);
      const first = await rig.record(2, own);
      const second = await rig.record(3, own, await rig.write("more"));
      // One copy for both.
      expect(rig.stateFiles).toBe(rig.onDisk ? 3 : 1);
      await rig.store.discard(savepoint);
      for (const path of stateFilesOf(savepoint.metadata)) await rig.fileSystem.remove(path);
      expect([rig.texts(first), rig.texts(second)]).toEqual([["own"], ["own", "more"]]);
      await rig.store.discard(first);
      await rig.store.discard(second);
      expect(rig.stateFiles).toBe(0);
    });

    it("removes a savepoint that it claimed when nothing names it any more", async () => {
      const rig = await open();
      const location = await rig.store.prepareSavepoint("/savepoints");
      const own = await rig.write("own", location);
      const savepoint = await rig.store.record(metadataOf(1, [own], { kind: "savepoint" }), location);
      await rig.store.claim(await loadCheckpoint(savepoint.path!, rig.fileSystem));
      // What it owns, a checkpoint may name.
      const first = await rig.record(2, own);
      expect(await rig.store.discard(savepoint)).toBeUndefined();
      await expect(loadCheckpoint(savepoint.path!, rig.fileSystem)).rejects.toThrowError(
        expect.objectContaining({ code: "SAVEPOINT_NOT_FOUND" }),
      );
      expect(rig.texts(first)).toEqual(["own"]);
      await rig.store.discard(first);
      await rig.store.close();
      expect(rig.fileSystem.files()).toEqual([]);
    });
  });
}
