import { chmodSync, mkdirSync, symlinkSync, truncateSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { ManualClock } from "../../common/clock/manual-clock.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { Types } from "../../common/types/types.ts";
import { SourceRun } from "../testing/source-run.ts";
import { sourceSuite } from "../testing/source-suite.ts";
import { tempFolder } from "../../common/testing/temp-folder.ts";
import { fileSource } from "./file-source.ts";

const dir = tempFolder();
afterAll(() => dir[Symbol.dispose]());

const lines = Array.from({ length: 300 }, (_, i) => `line ${i} ${"é€😀".repeat(i % 3)}`);
const Flight = Types.object({ date: Types.timestamp, delay: Types.int, origin: Types.string });
const few = ["a", "bb", "", "dddddd", "e", "ff", "ggg"];

dir.write("lines.txt", lines.join("\n"));
dir.write("few.txt", few.join("\n"));
dir.write("packed.txt.gz", gzipSync(lines.join("\r\n")));
dir.write("many/b.txt", lines.slice(100, 200).join("\n"));
dir.write("many/a/a.txt", lines.slice(0, 100).join("\n"));
dir.write("many/c.txt.gz", gzipSync(`${lines.slice(200).join("\n")}\n`));
dir.write("many/.c.txt.inprogress", "nothing");
dir.write("many/_tmp/d.txt", "nothing");

const openHandles = (): number => dir.openFiles();
const path = (name: string): string => join(dir.path, name);

sourceSuite({
  name: "lines of a file",
  create: () => fileSource({ path: path("lines.txt"), format: "lines" }),
  expected: lines,
  openHandles,
});
sourceSuite({
  name: "lines of a file in ranges",
  create: () => fileSource({ path: path("lines.txt"), format: "lines", splitSize: 777 }),
  expected: lines,
  openHandles,
});
sourceSuite({
  name: "a few lines in ranges of their length",
  create: () => fileSource({ path: path("few.txt"), format: "lines", splitSize: 3 }),
  expected: few,
  openHandles,
});
sourceSuite({
  name: "lines of a gzip file",
  create: () => fileSource({ path: path("packed.txt.gz"), format: "lines" }),
  expected: lines,
  openHandles,
});
sourceSuite({
  name: "lines of a directory",
  create: () => fileSource({ path: path("many"), format: "lines", splitSize: 1000 }),
  expected: lines,
  openHandles,
});
async function failure(run: () => Promise<unknown>): Promise<MillraceError> {
  const error: unknown = await run().then(
    () => new Error("it did not fail"),
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(MillraceError);
  return error as MillraceError;
}

describe("fileSource: ranges", () => {
  it("give each line to exactly one range, whatever its length and the ranges' length", async () => {
    const line = fc.string({ unit: fc.constantFrom("a", "é", "\r", "x"), maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(line),
        fc.boolean(),
        fc.integer({ min: 1, max: 40 }),
        async (some, ended, splitSize) => {
          const text = some.join("\n") + (ended ? "\n" : "");
          const expected = text === "" ? [] : text.replace(/\n$/u, "").split("\n");
          const file = dir.write("ranges.txt", text);
          const run = new SourceRun(fileSource({ path: file, format: "lines", splitSize }), { limit: 3 });
          await run.run();
          expect(run.records).toEqual(expected.map((l) => l.replace(/\r$/u, "")));
          expect(run.splits.used.length).toBeLessThanOrEqual(Math.ceil(Buffer.byteLength(text) / splitSize));
        },
      ),
      { numRuns: 100 },
    );
  });

  it("are read by several subtasks at once", async () => {
    const source = fileSource({ path: path("lines.txt"), format: "lines", splitSize: 500 });
    const run = await new SourceRun(source, { parallelism: 3, limit: 5 }).run();
    for (const subtask of [0, 1, 2]) expect(run.recordsOf(subtask).length).toBeGreaterThan(20);
  });

  it("name the line of a malformed record in the middle of a file", async () => {
    const text = Array.from({ length: 100 }, (_, i) => (i % 30 === 29 ? "{oops" : `{"n":${i}}`)).join("\n");
    const file = dir.write("bad.jsonl", text);
    const run = new SourceRun(fileSource({ path: file, format: "jsonl", splitSize: 100 }), { limit: 2 });
    await run.run();
    expect(run.malformed.map((m) => m.location)).toEqual([`${file}:30`, `${file}:60`, `${file}:90`]);
    expect(run.malformed[0]).toMatchObject({
      raw: "{oops",
      message: expect.stringContaining("expected JSON") as string,
    });
    expect(run.records.length).toBe(97);
  });
});

describe("fileSource: text", () => {
  it("strips byte order marks and both line ends, keeps empty lines", async () => {
    const file = dir.write("odd.txt", "\uFEFFone\r\n\r\ntwo\n\n\uFEFFthree");
    const run = await new SourceRun(fileSource({ path: file, format: "lines" })).run();
    expect(run.records).toEqual(["one", "", "two", "", "\uFEFFthree"]);
  });

  it("reads lines longer than any buffer", async () => {
    const long = "long ".repeat(200_000);
    const file = dir.write("long.txt", `a\n${long}\nb`);
    const run = await new SourceRun(fileSource({ path: file, format: "lines" })).run();
    expect(run.records).toEqual(["a", long, "b"]);
  });

  it("fails on records longer than allowed", async () => {
    const file = dir.write("endless.txt", "x".repeat(1_000_000));
    const error = await failure(() =>
      new SourceRun(fileSource({ path: file, format: "lines", maxRecordSize: 1000 })).run(),
    );
    expect(error.message).toContain("the record at byte 0 is longer than 1000 bytes");
  });

  it("decodes Latin-1 when told", async () => {
    const file = dir.write("latin1.txt", Buffer.from([0x63, 0x61, 0x66, 0xe9]));
    const run = await new SourceRun(fileSource({ path: file, format: "lines", encoding: "latin1" })).run();
    expect(run.records).toEqual(["café"]);
  });

  it("reads nothing from empty files and directories", async () => {
    dir.write("empty/none.txt", "");
    mkdirSync(path("bare"));
    const run = await new SourceRun(
      fileSource({ path: [path("empty"), path("bare")], format: "lines" }),
    ).run();
    expect(run.records).toEqual([]);
  });

  it("joins the members of a gzip file", async () => {
    const file = dir.write("members.gz", Buffer.concat([gzipSync("a\nb"), gzipSync("c\n")]));
    const run = await new SourceRun(fileSource({ path: file, format: "lines" })).run();
    expect(run.records).toEqual(["a", "bc"]);
  });
});

describe("fileSource: which files", () => {
  it("takes globs, and leaves hidden names out", async () => {
    const run = await new SourceRun(fileSource({ path: path("many/**/*.txt"), format: "lines" })).run();
    expect(run.records).toEqual(lines.slice(0, 200));
  });

  it("takes a hidden file that is named", async () => {
    const run = await new SourceRun(
      fileSource({ path: path("many/.c.txt.inprogress"), format: "lines" }),
    ).run();
    expect(run.records).toEqual(["nothing"]);
  });

  it("leaves directories below alone when not recursive", async () => {
    const source = fileSource({ path: path("many"), format: "lines", recursive: false });
    expect((await new SourceRun(source).run()).records).toEqual(lines.slice(100));
  });

  it("reads a file once that several paths name, and survives links in a circle", async () => {
    dir.write("circle/a.txt", "once");
    symlinkSync(path("circle"), path("circle/again"));
    const source = fileSource({ path: [path("circle"), path("circle/*.txt")], format: "lines" });
    expect((await new SourceRun(source).run()).records).toEqual(["once"]);
  });

  it("says what is wrong with a path", async () => {
    const read = (p: string): Promise<MillraceError> =>
      failure(() => new SourceRun(fileSource({ path: p, format: "lines" })).run());
    const missing = await read("no/such.txt");
    expect(missing.code).toBe("SOURCE_FAILED");
    expect(missing.message).toBe(
      "file source: can't read no/such.txt: there is no such file or directory (ENOENT)",
    );
    expect(missing.help).toContain("working directory");
    expect((await read(path("lines.txt/x"))).message).toContain(
      "a part of the path is a file, not a directory (ENOTDIR)",
    );
    expect((await read(path("*.nothing"))).message).toContain("no file matches");
    expect((await read("/dev/null")).message).toContain("neither a file nor a directory");
  });

  it.skipIf(process.getuid?.() === 0)(
    "says that permission is missing (root may read everything)",
    async () => {
      const file = dir.write("secret.txt", "x");
      chmodSync(file, 0);
      const error = await failure(() => new SourceRun(fileSource({ path: file, format: "lines" })).run());
      expect(error.message).toContain("permission denied (EACCES)");
    },
  );

  it("says that a gzip file is none, and that a file was cut", async () => {
    const fake = dir.write("fake.gz", "this is text");
    const error = await failure(() => new SourceRun(fileSource({ path: fake, format: "lines" })).run());
    expect(error.message).toMatch(/can't read .*fake\.gz: incorrect header check/u);

    const shrinking = dir.write("shrinking.txt", "0123456789\n".repeat(100_000));
    const run = new SourceRun(fileSource({ path: shrinking, format: "lines" }), { limit: 1 });
    await run.run(1);
    truncateSync(shrinking, 20);
    const cut = await failure(() => run.run());
    expect(cut.message).toContain("it was cut while it was read");
    run.close();
  });
});

describe("fileSource: watching", () => {
  it("reads new files as they come, oldest first, each once, also after a restore", async () => {
    using inbox = tempFolder();
    const clock = new ManualClock();
    const source = fileSource({ path: inbox.path, format: "lines", watch: { interval: 100 } });
    expect(source.boundedness).toBe("unbounded");
    const at = (name: string, seconds: number): void => utimesSync(inbox.write(name, name), seconds, seconds);
    at("z", 10);
    at("y", 20);
    const run = new SourceRun(source, { clock });
    await run.run(2);
    at("b", 30);
    at("a", 40);
    await expect.poll(() => clock.nextTimer).toBeLessThan(Infinity);
    clock.advance(100);
    await run.run(4);
    expect(run.records).toEqual(["z", "y", "b", "a"]);
    const snapshot = run.snapshot();
    run.close();

    at("later", 50);
    const second = new SourceRun(source, { clock, restore: snapshot });
    await second.run(1);
    expect(second.records).toEqual(["later"]);
    second.close();
  });

  it("waits until a file has settled", async () => {
    using inbox = tempFolder();
    const clock = new ManualClock();
    const source = fileSource({ path: inbox.path, format: "lines", watch: { interval: 100, settle: 150 } });
    inbox.write("growing", "one\n");
    const run = new SourceRun(source, { clock });
    // Each look goes through the file system; the next one is set only then.
    const looked = async (): Promise<void> => {
      await expect.poll(() => clock.nextTimer).toBeLessThan(Infinity);
    };
    const look = async (): Promise<void> => {
      await looked();
      clock.advance(100);
      await looked();
      run.poll();
    };
    await look();
    inbox.write("growing", "one\ntwo\n");
    await look();
    await look();
    expect(run.records).toEqual([]);
    await look();
    await run.run(2);
    expect(run.records).toEqual(["one", "two"]);
    run.close();
  });
});

describe("fileSource: options", () => {
  it("refuses what it doesn't understand", () => {
    const source = fileSource as (options: unknown) => unknown;
    expect(() => source({ path: "", format: "lines" })).toThrow("file source: option path");
    expect(() => source({ path: "x", format: "xml" })).toThrow(
      `option format: expected "lines", "jsonl", "csv"`,
    );
    expect(() => source({ path: "x", format: "lines", schema: Flight })).toThrow("option schema");
    expect(() => source({ path: "x", format: "jsonl", csv: {} })).toThrow("option csv");
    expect(() => source({ path: "x", format: "lines", splitsize: 3 })).toThrow(`unknown option "splitsize"`);
    expect(() => source({ path: "x", format: "csv", csv: { delimiter: ";;" } })).toThrow(
      "one ASCII character",
    );
    expect(() => source({ path: "x", format: "csv", csv: { header: false } })).toThrow("option columns");
    expect(() =>
      source({ path: "x", format: "csv", schema: Types.object({ tags: Types.array(Types.string) }) }),
    ).toThrow("column tags: a field of text can't hold the type string[]");
  });
});
