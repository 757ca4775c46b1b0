import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { tempFolder, type TempFolder } from "../../../../common/testing/temp-folder.ts";
import type { StateFileReader, StateFiles } from "../state-files.ts";

/** What a test works with. */
export interface StateFilesFixture {
  readonly files: StateFiles;
  /** Where files go; undefined where there are none. */
  readonly folder: string | undefined;
  /** Bytes up to which there is no file. */
  readonly threshold: number;
}

/** What every StateFiles has to do. */
export function describeStateFiles(
  name: string,
  make: (folder: string) => StateFilesFixture | Promise<StateFilesFixture>,
): void {
  function bytesOf(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) bytes[i] = i * 31;
    return bytes;
  }

  function withFixture(
    test: (fixture: StateFilesFixture, dir: TempFolder) => Promise<void>,
  ): () => Promise<void> {
    return async () => {
      using dir = tempFolder();
      await test(await make(dir.path), dir);
      expect(dir.openFiles()).toBe(0);
    };
  }

  const names = (fixture: StateFilesFixture): string[] =>
    fixture.folder === undefined ? [] : readdirSync(fixture.folder);

  function readAll(files: StateFiles, bytes: Parameters<StateFiles["open"]>[0]): Uint8Array {
    const reader: StateFileReader = files.open(bytes);
    try {
      return reader.read(0, reader.length);
    } finally {
      reader.close();
    }
  }

  describe(`StateFiles: ${name}`, () => {
    it(
      "gives back what was written, whatever its length",
      withFixture(async ({ files, threshold }) => {
        for (const length of [0, 1, threshold, threshold + 1, 3_000_000]) {
          const file = files.create("count-3");
          const bytes = bytesOf(length);
          for (let at = 0; at < length; at += 70_000) file.write(bytes.subarray(at, at + 70_000));
          expect(file.position).toBe(length);
          const handle = await file.close();
          expect(Buffer.compare(readAll(files, handle), bytes)).toBe(0);
        }
      }),
    );

    it(
      "makes no file of what is small",
      withFixture(async (fixture) => {
        const file = fixture.files.create("small");
        file.write(bytesOf(fixture.threshold));
        const handle = await file.close();
        expect(handle.kind).toBe("inline");
        expect(names(fixture)).toEqual([]);
        // The bytes travel between threads: with them goes the buffer that they stand in.
        expect(handle.kind === "inline" && handle.bytes.buffer.byteLength).toBe(fixture.threshold);
      }),
    );

    it(
      "copies what is written",
      withFixture(async ({ files }) => {
        const file = files.create("copied");
        const bytes = bytesOf(100);
        file.write(bytes);
        bytes.fill(0);
        expect(readAll(files, await file.close())).toEqual(bytesOf(100));
      }),
    );

    it(
      "lets who writes much wait until it is written",
      withFixture(async ({ files }) => {
        const file = files.create("much");
        const block = bytesOf(256 * 1024);
        let largest = 0;
        for (let i = 0; i < 40; i++) {
          file.write(block);
          largest = Math.max(largest, file.backlog);
          if (file.backlog > 2 * 1024 * 1024) await file.drained();
        }
        expect(largest).toBeLessThan(4 * 1024 * 1024);
        const reader = files.open(await file.close());
        expect(reader.length).toBe(40 * block.length);
        reader.close();
      }),
    );

    it(
      "reads at random positions, and refuses what lies beyond",
      withFixture(async ({ files }) => {
        const file = files.create("random");
        const bytes = bytesOf(100_000);
        file.write(bytes);
        const reader = files.open(await file.close());
        expect(reader.length).toBe(100_000);
        expect(reader.read(99_990, 10)).toEqual(bytes.slice(99_990));
        expect(reader.read(5, 3)).toEqual(bytes.slice(5, 8));
        expect(reader.read(5, 0).length).toBe(0);
        const corrupt = expect.objectContaining({ code: "CHECKPOINT_CORRUPT" });
        for (const [offset, length] of [
          [99_990, 11],
          [-1, 2],
          [0, -1],
          [1e15, 1],
          [0, Number.NaN],
        ])
          expect(() => reader.read(offset!, length!)).toThrowError(corrupt);
        // What is read belongs to who reads it.
        reader.read(0, 10).fill(0);
        expect(reader.read(0, 10)).toEqual(bytes.slice(0, 10));
        reader.close();
        reader.close();
      }),
    );

    it(
      "removes what is given up, at whatever point",
      withFixture(async (fixture) => {
        const { files } = fixture;
        for (const length of [0, 10, 2_000_000]) {
          const file = files.create("given-up");
          file.write(bytesOf(length));
          await file.abort();
          await file.abort();
          const closed = files.create("closed");
          closed.write(bytesOf(length));
          await closed.close();
          await closed.abort();
          const closing = files.create("closing");
          closing.write(bytesOf(length));
          const handle = closing.close().catch((error: unknown) => error);
          await closing.abort();
          await handle;
        }
        expect(names(fixture)).toEqual([]);
      }),
    );

    it(
      "takes over complete files",
      withFixture(async ({ files }, dir) => {
        for (const length of [10, 200_000]) {
          const path = dir.write("theirs/sst", bytesOf(length));
          const handle = await files.adopt(path, "000012.sst");
          // They may be deleted, and their name be used again.
          writeFileSync(`${path}.new`, "other");
          expect(readFileSync(path).length).toBe(length);
          dir.write("theirs/renamed", "");
          expect(readAll(files, handle)).toEqual(bytesOf(length));
        }
        await expect(files.adopt(join(dir.path, "missing"), "x")).rejects.toThrowError(
          expect.objectContaining({ code: "CHECKPOINT_STORAGE_FAILED" }),
        );
      }),
    );

    it(
      "opens what others wrote, inline or in a file, and names a file that is cut or missing",
      withFixture(async ({ files }, dir) => {
        const inline = Buffer.from(bytesOf(5));
        readAll(files, { kind: "inline", bytes: inline }).fill(0);
        expect(readAll(files, { kind: "inline", bytes: inline })).toEqual(bytesOf(5));
        const path = dir.write("others/file", bytesOf(50));
        expect(readAll(files, { kind: "file", path, length: 50 })).toEqual(bytesOf(50));
        for (const length of [49, 51]) {
          expect(() => files.open({ kind: "file", path, length })).toThrowError(
            expect.objectContaining({
              code: "CHECKPOINT_CORRUPT",
              message: expect.stringContaining(`${path}: it has 50 bytes, but ${length} were written`),
            }),
          );
        }
        expect(() => files.open({ kind: "file", path: `${path}.no`, length: 1 })).toThrowError(
          expect.objectContaining({
            code: "CHECKPOINT_CORRUPT",
            message: expect.stringContaining(`${path}.no: the file is missing`),
          }),
        );
        expect(() => files.open({ kind: "file", path: join(path, "x"), length: 1 })).toThrowError(
          expect.objectContaining({ code: "CHECKPOINT_STORAGE_FAILED" }),
        );
      }),
    );
  });
}
