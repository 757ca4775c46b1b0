import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { asyncBufferFromFile, parquetRead, parquetReadObjects } from "hyparquet";
import { MillraceError, Types, type Infer } from "millrace";
import { afterAll, describe, expect, expectTypeOf, it } from "vitest";
import * as z from "zod";
import { SourceRun } from "../../millrace/src/connectors/testing/source-run.ts";
import { sourceSuite } from "../../millrace/src/connectors/testing/source-suite.ts";
import { tempFolder } from "../../millrace/src/common/testing/temp-folder.ts";
import { parquetSource, type ParquetSource } from "./parquet-source.ts";

const fixture = (name: string): string =>
  fileURLToPath(new URL(`./fixtures/${name}.parquet`, import.meta.url));
const flights = join(
  createRequire(import.meta.url).resolve("vega-datasets"),
  "../../data/flights-3m.parquet",
);
const compressors = {
  ZSTD: (b: Uint8Array) => zstdDecompressSync(b),
  GZIP: (b: Uint8Array) => gunzipSync(b),
};

const dir = tempFolder();
afterAll(() => dir[Symbol.dispose]());

/** What hyparquet's own reader makes of a file. */
async function rowsOf(path: string, rowStart = 0, rowEnd?: number): Promise<Record<string, unknown>[]> {
  const range = rowEnd === undefined ? { rowStart } : { rowStart, rowEnd };
  return parquetReadObjects({ file: await asyncBufferFromFile(path), compressors, ...range });
}

const Kinds = Types.object({
  id: Types.int,
  text: Types.nullable(Types.string),
  n: Types.nullable(Types.int),
  rate: Types.nullable(Types.double),
  on: Types.optional(Types.boolean),
  at: Types.timestamp,
});

/** Row i of the fixtures "kinds" and "kinds-v1". */
function kind(i: number): Infer<typeof Kinds> {
  return {
    id: i,
    text: i % 7 === 3 ? null : `word ${i % 11}`,
    n: i % 5 === 0 ? null : i * 3 - 100,
    rate: i % 9 === 0 ? null : i / 8,
    ...(i % 4 === 0 ? {} : { on: i % 3 === 0 }),
    at: 1e12 + i * 1000,
  };
}

const kinds = Array.from({ length: 500 }, (_, i) => kind(i));

for (const name of ["kinds", "kinds-v1"]) {
  sourceSuite({
    name: `Parquet file "${name}"`,
    create: () => parquetSource({ path: fixture(name), schema: Kinds }),
    expected: kinds,
  });
}

async function read<T>(source: ParquetSource<T>): Promise<SourceRun<T, never, unknown>> {
  const run = await new SourceRun(source).run();
  run.close();
  return run as unknown as SourceRun<T, never, unknown>;
}

async function failure<T>(source: () => ParquetSource<T>): Promise<MillraceError> {
  const error: unknown = await (async () => new SourceRun(source()).run())().then(
    () => new Error("it did not fail"),
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(MillraceError);
  return error as MillraceError;
}

describe("parquetSource: columns", () => {
  it("become what is declared", async () => {
    const schema = Types.object({
      id: Types.bigint,
      at: Types.date,
      raw: Types.bytes,
      uuid: Types.string,
      big: Types.any,
      unique: Types.string,
    });
    const source = parquetSource({ path: fixture("kinds"), schema });
    expectTypeOf(source).toEqualTypeOf<ParquetSource<Infer<typeof schema>>>();
    const { records, malformed } = await read(source);
    expect(malformed).toEqual([]);
    expect(records[123]).toEqual({
      id: 123n,
      at: new Date(1e12 + 123_000),
      raw: new Uint8Array([123, 0]),
      uuid: "7b7b7b7b-7b7b-7b7b-7b7b-7b7b7b7b7b7b",
      big: 9007199254740993n,
      unique: `é ${123 * 7919}`,
    });
    expect(records.length).toBe(500);
  });

  it("are all read as they are without a schema", async () => {
    for (const name of ["kinds", "kinds-gzip", "kinds-v1"]) {
      const { records } = await read(parquetSource({ path: fixture(name) }));
      const expected = await rowsOf(fixture(name));
      const bytesAsRead = name === "kinds" ? expected.map((row) => ({ ...row })) : expected;
      expect(records).toEqual(bytesAsRead);
    }
  });

  it("may be nested", async () => {
    const schema = Types.object({
      id: Types.int,
      tags: Types.nullable(Types.array(Types.string)),
      place: Types.object({ city: Types.string, zip: Types.int }),
    });
    const { records, malformed } = await read(parquetSource({ path: fixture("nested"), schema }));
    expect(malformed).toEqual([]);
    expect(records.length).toBe(50);
    expect(records[0]).toEqual({ id: 0, tags: null, place: { city: "c0", zip: 0 } });
    expect(records[47]).toEqual({ id: 47, tags: ["t0", "t1", "t2"], place: { city: "c2", zip: 47 } });
    expect(records[44]).toEqual({ id: 44, tags: [], place: { city: "c4", zip: 44 } });
  });

  it("that the file lacks are null or absent, where the schema allows it", async () => {
    const schema = Types.object({
      id: Types.int,
      later: Types.nullable(Types.string),
      never: Types.optional(Types.int),
    });
    const { records } = await read(parquetSource({ path: fixture("kinds-v1"), schema }));
    expect(records[7]).toEqual({ id: 7, later: null });
  });

  it("are checked by a Standard Schema", async () => {
    const schema = z.object({ id: z.number().max(4), text: z.string().nullable() });
    const { records, malformed } = await read(parquetSource({ path: fixture("kinds-v1"), schema }));
    expect(records.map((record) => record.id)).toEqual([0, 1, 2, 3, 4]);
    expect(malformed.length).toBe(495);
    expect(malformed[0]!.message).toMatch(/^id: /u);
  });
});

describe("parquetSource: malformed rows", () => {
  it("name column and row, what was expected and what came", async () => {
    const schema = Types.object({ id: Types.int, text: Types.string, big: Types.int });
    const { records, malformed } = await read(parquetSource({ path: fixture("kinds"), schema }));
    expect(records.length + malformed.length).toBe(500);
    expect(records[0]).toEqual({ id: 0, text: "word 0", big: 0 });
    expect(malformed.length).toBe(
      Array.from({ length: 500 }, (_, i) => i % 7 === 3 || i === 123).filter(Boolean).length,
    );
    expect(malformed[0]).toEqual({
      location: `${fixture("kinds")}:row 4`,
      message: "column text: expected string, got null",
      raw: "{ id: 3, text: ?, big: 0 }",
    });
    expect(malformed.find(({ location }) => location.endsWith(":row 124"))!.message).toBe(
      "column big: expected int (at most 2^53 - 1), got 9007199254740993: declare the column as bigint",
    );
  });
});

describe("parquetSource: failures", () => {
  it("of columns are told when the source starts", async () => {
    const missing = await failure(() =>
      parquetSource({
        path: fixture("kinds-v1"),
        schema: Types.object({ id: Types.int, name: Types.string }),
      }),
    );
    expect(missing.code).toBe("SOURCE_FAILED");
    expect(missing.message).toContain(
      `there is no column "name"; the columns are id, text, n, rate, on, at, day`,
    );
    const other = await failure(() =>
      parquetSource({ path: fixture("kinds-v1"), schema: Types.object({ text: Types.int }) }),
    );
    expect(other.message).toContain("column text: expected int, but the file has BYTE_ARRAY STRING");
    const nested = await failure(() =>
      parquetSource({ path: fixture("nested"), schema: Types.object({ place: Types.int }) }),
    );
    expect(nested.message).toContain("column place: expected int, but the file has a nested column");
  });

  it("of files are told, too", async () => {
    const text = dir.write("text.parquet", "this is no Parquet file");
    expect((await failure(() => parquetSource({ path: text }))).message).toContain(
      "text.parquet is not a whole Parquet file: parquet file invalid",
    );
    const cut = join(dir.path, "cut.parquet");
    writeFileSync(cut, readFileSync(fixture("kinds")).subarray(0, 5000));
    expect((await failure(() => parquetSource({ path: cut }))).message).toContain(
      "is not a whole Parquet file",
    );
    expect((await failure(() => parquetSource({ path: join(dir.path, "none.parquet") }))).message).toContain(
      "there is no such file or directory (ENOENT)",
    );
  });

  it("of damaged pages name the file", async () => {
    const bytes = readFileSync(fixture("kinds-v1"));
    bytes.fill(0xff, 40, 400);
    const damaged = dir.write("damaged.parquet", bytes);
    const error = await failure(() => parquetSource({ path: damaged, schema: Kinds }));
    expect(error.code).toBe("SOURCE_FAILED");
    expect(error.message).toContain("Parquet source: can't read");
  });

  it("of options are told when the program is built", () => {
    expect(() => parquetSource({ path: "" })).toThrow("Parquet source: option path");
    expect(() => parquetSource({ pth: "x" } as never)).toThrow(`unknown option "pth"`);
    expect(() => parquetSource({ path: "x", schema: Types.string as never })).toThrow(
      "expected an object type, got string",
    );
    expect(() =>
      parquetSource({ path: "x", schema: Types.object({ m: Types.map(Types.string, Types.int) }) }),
    ).toThrow("column m: a Parquet column can't be read as map<string, int>");
  });
});

describe("parquetSource: files", () => {
  it("are read in the order of their paths, group by group", async () => {
    for (const name of ["b", "a"]) copyFileSync(fixture("kinds-v1"), dir.write(`many/${name}.parquet`, ""));
    const source = parquetSource({ path: join(dir.path, "many"), schema: Types.object({ id: Types.int }) });
    const run = await read(source);
    const once = Array.from({ length: 500 }, (_, i) => ({ id: i }));
    expect(run.records).toEqual([...once, ...once]);
    expect(run.splits.used).toEqual(
      ["a", "b"].flatMap((name) =>
        [0, 1, 2, 3].map((group) => `${join(dir.path, "many", name)}.parquet#${group}`),
      ),
    );
    await expect.poll(() => dir.openFiles()).toBe(0);
  });
});

describe("parquetSource: a file that changed since the checkpoint", () => {
  it("is refused by name", async () => {
    for (const [name, other] of [
      ["shorter", "kinds"],
      ["longer", "kinds-v1"],
    ] as const) {
      const path = dir.write(`${name}.parquet`, "");
      copyFileSync(fixture(other === "kinds" ? "kinds-v1" : "kinds"), path);
      const create = (): ParquetSource<Infer<typeof Kinds>> => parquetSource({ path, schema: Kinds });
      const first = await new SourceRun(create(), { limit: 1 }).run(10);
      const restore = first.snapshot();
      first.close();
      copyFileSync(fixture(other), path);
      await expect(new SourceRun(create(), { restore }).run()).rejects.toMatchObject({
        code: "SOURCE_FAILED",
        message: expect.stringMatching(
          new RegExp(`${name}\\.parquet was changed: it had \\d+ bytes`, "u"),
        ) as string,
      });
    }
  });
});

describe("parquetSource: three million flights", () => {
  const Flight = Types.object({
    date: Types.timestamp,
    delay: Types.int,
    distance: Types.int,
    origin: Types.string,
    destination: Types.string,
  });

  it("agrees with hyparquet's own reader about delays, and about rows around the end of a row group", async () => {
    // A row group, and part of the next.
    const count = 300_000;
    let expected = 0n;
    await parquetRead({
      file: await asyncBufferFromFile(flights),
      compressors,
      columns: ["delay"],
      rowEnd: count,
      onComplete: (rows) => {
        for (const [delay] of rows) expected += delay as bigint;
      },
    });
    const [from, to] = [272_600, 272_800];
    const some: Infer<typeof Flight>[] = [];
    let read = 0;
    let sum = 0;
    const run = new SourceRun(parquetSource({ path: flights, schema: Flight }), {
      limit: 1000,
      onRecord: (flight) => {
        if (read >= from && read < to) some.push(flight);
        if (read < count) sum += flight.delay;
        read++;
      },
    });
    await run.run(count);
    run.close();
    expect(BigInt(sum)).toBe(expected);
    const rows = (await rowsOf(flights, from, to)).map((row) => ({
      ...row,
      date: (row["date"] as Date).getTime(),
      delay: Number(row["delay"]),
      distance: Number(row["distance"]),
    }));
    expect(some).toEqual(rows);
  });

  it("have all their row groups as splits", async () => {
    const run = new SourceRun(parquetSource({ path: flights, schema: Flight }), { limit: 1 });
    await run.run(1);
    const { enumerator, splits } = run.snapshot();
    const all = [...splits, ...enumerator.pending];
    expect(all.length).toBe(11);
    expect(all.reduce((rows, split) => rows + split.rows, 0)).toBe(3_000_000);
    run.close();
  });
});
