import {
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  chmodSync,
} from "node:fs";
import { join, relative } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { ManualClock } from "../../common/clock/manual-clock.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import type { RecordEncoder } from "../formats/record-encoder.ts";
import { fileSource } from "../files/file-source.ts";
import { SinkRun } from "../testing/sink-run.ts";
import { twoPhaseSinkSuite, type SinkPlace } from "../testing/sink-suite.ts";
import { SourceRun } from "../testing/source-run.ts";
import { tempFolder, type TempFolder } from "../../common/testing/temp-folder.ts";
import type { FileCommittable, FilePartState } from "./file-committable.ts";
import { fileSink, type FileSink } from "./file-sink.ts";

interface Flight {
  readonly id: number;
  readonly origin: string;
}

const flights: readonly Flight[] = Array.from({ length: 40 }, (_, i) => ({ id: i, origin: `é${i % 3}` }));

/** All files below a directory, hidden ones too, by relative path. */
function filesIn(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(path, join(entry.parentPath, entry.name)))
    .sort();
}

function finished(path: string): string[] {
  return filesIn(path).filter((name) => !name.split("/").at(-1)!.startsWith("."));
}

/** The contract is tested by the file source: it sees what other readers would. */
function place(
  create: (path: string) => FileSink<Flight>,
): () => SinkPlace<Flight, FileCommittable, FilePartState> {
  return () => {
    const dir = tempFolder();
    const path = join(dir.path, "out");
    return {
      sink: () => create(path),
      visible: async () => {
        if (!existsSync(path)) return [];
        return (await new SourceRun(fileSource({ path, format: "jsonl" })).run()).records as Flight[];
      },
      openHandles: () => dir.openFiles(),
      dispose: () => dir[Symbol.dispose](),
    };
  };
}

twoPhaseSinkSuite({
  name: "JSON lines files",
  records: flights,
  place: place((path) => fileSink({ path, format: "jsonl" })),
});
twoPhaseSinkSuite({
  name: "gzipped files in buckets, rolled by size",
  records: flights,
  place: place((path) =>
    fileSink({
      path,
      format: "jsonl",
      compression: "gzip",
      bucket: (flight) => `from/${flight.origin}`,
      rolling: { maxSize: 100 },
    }),
  ),
});
twoPhaseSinkSuite({
  name: "files in more buckets than may be open",
  records: flights,
  place: place((path) =>
    fileSink({ path, format: "jsonl", bucket: (flight) => String(flight.id % 5), maxOpenParts: 2 }),
  ),
});

async function writeAll<T>(sink: FileSink<T>, records: readonly T[]): Promise<void> {
  const run = new SinkRun(sink);
  await run.write(records);
  await run.commit(await run.finish());
  await run.close();
}

/** The lines of all finished files below a directory. */
function text(dir: TempFolder, below = "out"): string {
  const path = join(dir.path, below);
  return finished(path)
    .map((name) => readFileSync(join(path, name)))
    .map((bytes) => (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString())
    .join("");
}

async function failure(work: () => Promise<unknown>): Promise<MillraceError> {
  const error: unknown = await work().then(
    () => new Error("it did not fail"),
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(MillraceError);
  return error as MillraceError;
}

describe("fileSink: formats", () => {
  it("writes lines, and refuses what is no text", async () => {
    using dir = tempFolder();
    await writeAll(fileSink({ path: join(dir.path, "out"), format: "lines" }), ["a", "", "ü"]);
    expect(text(dir)).toBe("a\n\nü\n");
    expect(finished(join(dir.path, "out"))[0]).toMatch(/^part-0-0-\w+-0\.txt$/u);
    const error = await failure(() =>
      writeAll(fileSink({ path: dir.path, format: "lines" }) as FileSink<unknown>, [{ a: 1 }]),
    );
    expect(error.message).toBe("lines: expected text, got { a: 1 }");
  });

  it("writes CSV that the CSV source reads back", async () => {
    using dir = tempFolder();
    const rows = [
      { a: 1, b: 'x,"y"\nz', c: null },
      { a: 2.5, b: "", c: true },
    ];
    await writeAll(fileSink({ path: join(dir.path, "out"), format: "csv", rolling: { maxSize: 1 } }), rows);
    expect(finished(join(dir.path, "out")).length).toBe(2);
    expect(text(dir)).toBe('a,b,c\n1,"x,""y""\nz",\na,b,c\n2.5,"",true\n');
    const read = await new SourceRun(fileSource({ path: join(dir.path, "out"), format: "csv" })).run();
    expect(read.records).toEqual([
      { a: "1", b: 'x,"y"\nz', c: "" },
      { a: "2.5", b: "", c: "true" },
    ]);
  });

  it("writes JSON, and says what JSON can't hold", async () => {
    using dir = tempFolder();
    const sink = fileSink<unknown>({ path: join(dir.path, "out"), format: "jsonl" });
    await writeAll(sink, [{ at: new Date(0), n: NaN }, 7]);
    expect(text(dir)).toBe('{"at":"1970-01-01T00:00:00.000Z","n":null}\n7\n');
    expect((await failure(() => writeAll(sink, [{ big: 1n }]))).message).toContain(
      "JSON can't hold { big: 1n }",
    );
    expect((await failure(() => writeAll(sink, [undefined]))).message).toContain("it has no JSON form");
  });

  it("takes encoders of one's own, with bytes that they use again", async () => {
    using dir = tempFolder();
    const shared = new Uint8Array(2);
    const bytes: RecordEncoder<number> = {
      name: "bytes",
      extension: ".bin",
      createPart: () => ({
        encode(value) {
          shared.set([value, value + 1]);
          return shared;
        },
      }),
    };
    await writeAll(
      fileSink({ path: join(dir.path, "out"), format: bytes, partSuffix: ".data", partPrefix: "n" }),
      [65, 67],
    );
    expect(text(dir)).toBe("ABCD");
    expect(finished(join(dir.path, "out"))[0]).toMatch(/^n-0-0-\w+-0\.data$/u);
  });

  it("names gzipped parts so that they are read again", async () => {
    using dir = tempFolder();
    await writeAll(fileSink({ path: join(dir.path, "out"), format: "lines", compression: "gzip" }), [
      "a",
      "b",
    ]);
    expect(finished(join(dir.path, "out"))[0]).toMatch(/\.txt\.gz$/u);
    expect(text(dir)).toBe("a\nb\n");
  });
});

describe("fileSink: parts", () => {
  it("rolls by age and by inactivity", async () => {
    using dir = tempFolder();
    const clock = new ManualClock();
    const path = join(dir.path, "out");
    const sink = fileSink({ path, format: "lines", rolling: { maxAge: 10_000, inactivity: 4000 } });
    const run = new SinkRun(sink, { clock });
    await run.write(["a"]);
    clock.advance(3000);
    await run.write(["b"]);
    clock.advance(3000);
    await run.write(["c"]);
    expect((await run.checkpoint()).committables).toEqual([]);
    clock.advance(5000);
    const inactive = await run.checkpoint();
    expect(inactive.committables.length).toBe(1);
    expect(inactive.states).toEqual([]);
    for (let i = 0; i < 12; i++) {
      await run.write([String(i)]);
      clock.advance(1000);
    }
    const old = await run.checkpoint();
    expect(old.committables.length).toBe(1);
    expect(old.states.length).toBe(1);
    await run.commit([...inactive.committables, ...old.committables, ...(await run.finish())]);
    await run.close();
    expect(text(dir)).toBe(`a\nb\nc\n${Array.from({ length: 12 }, (_, i) => `${i}\n`).join("")}`);
  });

  it("never takes a name twice, though the clock stands still and nothing tells the runs apart", async () => {
    using dir = tempFolder();
    const path = join(dir.path, "out");
    const clock = new ManualClock();
    for (const record of ["a", "b"]) {
      const run = new SinkRun(fileSink({ path, format: "lines" }), { clock });
      await run.write([record]);
      await run.commit(await run.finish());
      await run.close();
    }
    expect(text(dir)).toBe("a\nb\n");
  });

  it("takes no more records while much is underway, and goes on by itself", async () => {
    using dir = tempFolder();
    const line = "x".repeat(100_000);
    const run = new SinkRun(fileSink({ path: join(dir.path, "out"), format: "lines" }));
    await run.write(Array.from({ length: 200 }, () => line));
    expect(run.held).toBeGreaterThan(5);
    await run.commit(await run.finish());
    await run.close();
    expect(text(dir).length).toBe(200 * 100_001);
  });

  it("removes what no checkpoint knows, and leaves what one does", async () => {
    using dir = tempFolder();
    const path = join(dir.path, "out");
    const unknown = new SinkRun(fileSink({ path, format: "lines", rolling: { maxSize: 5 } }));
    await unknown.write(["one", "two and more", "x"]);
    await unknown.writer.flush(false);
    expect(filesIn(path).length).toBeGreaterThan(0);
    await unknown.close();
    expect(filesIn(path)).toEqual([]);
    const known = new SinkRun(fileSink({ path, format: "lines" }));
    await known.write(["one"]);
    const checkpoint = await known.checkpoint();
    await known.close();
    expect(filesIn(path)).toEqual([relative(path, checkpoint.states[0]!.temporary)]);
  });

  it("removes a predecessor's file once its content stands in a new part", async () => {
    using dir = tempFolder();
    const path = join(dir.path, "out");
    const first = new SinkRun(fileSink({ path, format: "lines" }));
    await first.write(["one"]);
    const { states } = await first.checkpoint();
    await first.close();
    const second = new SinkRun(fileSink({ path, format: "lines" }), { attempt: 1, restore: states });
    const { committables } = await second.checkpoint();
    expect(existsSync(states[0]!.temporary)).toBe(true);
    await second.commit(committables);
    await second.close();
    expect(filesIn(path)).toEqual([expect.stringMatching(/^part-0-1-\w+-0\.txt$/u)]);
    expect(text(dir)).toBe("one\n");
  });

  it("goes on from an older savepoint whose part was committed since", async () => {
    using dir = tempFolder();
    const path = join(dir.path, "out");
    const first = new SinkRun(fileSink({ path, format: "lines" }));
    await first.write(["one"]);
    const savepoint = await first.checkpoint();
    await first.write(["two"]);
    await first.commit(await first.finish());
    await first.close();
    const second = new SinkRun(fileSink({ path, format: "lines" }), {
      attempt: 1,
      restore: savepoint.states,
    });
    await second.commit(await second.finish());
    await second.close();
    expect(text(dir)).toBe("one\ntwo\n");
  });
});

describe("fileSink: buckets", () => {
  it("puts records into directories by value and time", async () => {
    using dir = tempFolder();
    const sink = fileSink<Flight>({
      path: join(dir.path, "out"),
      format: "jsonl",
      bucket: (flight, timestamp) => `${new Date(timestamp).toISOString().slice(0, 10)}/${flight.origin}`,
    });
    const run = new SinkRun(sink);
    await run.write([{ id: 1, origin: "SEA" }], Date.UTC(2001, 0, 1));
    await run.write([{ id: 2, origin: "SEA" }], Date.UTC(2001, 0, 2));
    await run.write([{ id: 3, origin: "SEA" }], Date.UTC(2001, 0, 1));
    await run.commit(await run.finish());
    await run.close();
    expect(text(dir, "out/2001-01-01/SEA")).toBe('{"id":1,"origin":"SEA"}\n{"id":3,"origin":"SEA"}\n');
    expect(finished(join(dir.path, "out")).length).toBe(2);
  });

  it.each(["../up", "a/../../up", "/etc", "a\\..\\..\\b", "a\0b", 7 as unknown as string])(
    "refuses %j",
    async (bucket) => {
      using dir = tempFolder();
      const sink = fileSink<string>({ path: join(dir.path, "out"), format: "lines", bucket: () => bucket });
      const error = await failure(() => writeAll(sink, ["a"]));
      expect(error.code).toBe("SINK_FAILED");
      expect(error.message).toContain("file sink: bucket");
    },
  );
});

describe("fileSink: failures", () => {
  it("says before the first record that the directory is a file, or may not be written", async () => {
    using dir = tempFolder();
    const file = dir.write("out.txt", "mine");
    for (const path of [file, join(file, "below")]) {
      const run = new SinkRun(fileSink({ path, format: "lines" }));
      const error = await failure(async () => run.writer.flush(false));
      expect(error.code).toBe("SINK_FAILED");
      expect(error.message).toContain("expected a directory, but it, or a part of its path, is a file");
      await run.close();
    }
    expect(readFileSync(file, "utf8")).toBe("mine");
  });

  it.skipIf(process.getuid?.() === 0)(
    "says that permission is missing (root may write everywhere)",
    async () => {
      using dir = tempFolder();
      chmodSync(dir.path, 0o500);
      const run = new SinkRun(fileSink({ path: join(dir.path, "out"), format: "lines" }));
      const error = await failure(async () => run.writer.flush(false));
      expect(error.message).toContain("permission denied (EACCES)");
      await run.close();
    },
  );

  it("refuses to commit a part that was damaged, lost or replaced", async () => {
    using dir = tempFolder();
    const path = join(dir.path, "out");
    const prepared = async (): Promise<
      [SinkRun<string, FileCommittable, FilePartState>, FileCommittable & { kind: "part" }]
    > => {
      const run = new SinkRun(fileSink({ path, format: "lines" }));
      await run.write(["some text"]);
      const [part] = await run.finish();
      return [run, part as FileCommittable & { kind: "part" }];
    };
    const [cut, cutPart] = await prepared();
    truncateSync(cutPart.temporary, 3);
    expect((await failure(() => cut.commit([cutPart]))).message).toContain(
      "it should have 10 bytes, but has 3",
    );
    const [gone, gonePart] = await prepared();
    rmSync(gonePart.temporary);
    expect((await failure(() => gone.commit([gonePart]))).message).toContain("it is gone");
    const [taken, takenPart] = await prepared();
    writeFileSync(takenPart.path, "another's");
    expect((await failure(() => taken.commit([takenPart]))).message).toContain(
      "another file took its final name",
    );
    expect(readFileSync(takenPart.path, "utf8")).toBe("another's");
    for (const run of [cut, gone, taken]) await run.close();
  });

  it("refuses wrong options", () => {
    const sink = fileSink as (options: unknown) => unknown;
    expect(() => sink({ path: "", format: "lines" })).toThrow("file sink: option path");
    expect(() => sink({ path: "x", format: "xml" })).toThrow("option format");
    expect(() => sink({ path: "x", format: "lines", partPrefix: ".hidden" })).toThrow("option partPrefix");
    expect(() => sink({ path: "x", format: "lines", rolling: { maxSize: 0 } })).toThrow(
      "option rolling.maxSize",
    );
    expect(() => sink({ path: "x", format: "lines", compression: "zip" })).toThrow("option compression");
    expect(() => sink({ path: "x", format: "jsonl", csv: {} })).toThrow("option csv");
  });
});
