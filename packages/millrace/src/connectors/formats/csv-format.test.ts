import fc from "fast-check";
import { parse } from "csv-parse/sync";
import { describe, expect, it } from "vitest";
import type { MalformedRecord, ReaderOutput } from "../../common/connector/source.ts";
import { Types } from "../../common/types/types.ts";
import { csvFormat, type CsvOptions } from "./csv-format.ts";
import type { FileFormat } from "./file-format.ts";

interface Decoded<T> {
  readonly records: T[];
  readonly bad: string[];
}

/** Decodes `text` fed in pieces, one record at a time; checks that it can be resumed at the end of each. */
async function decode<T>(
  format: FileFormat<T>,
  text: string,
  piece = Infinity,
  offset = 0,
): Promise<Decoded<T>> {
  const bytes = Buffer.from(text);
  const decoder = await format.createDecoder({
    location: "f.csv",
    offset,
    readHead: async (length) => bytes.subarray(0, length),
  });
  const decoded: Decoded<T> = { records: [], bad: [] };
  const output: ReaderOutput<T> = {
    blocked: false,
    collect: (value) => void decoded.records.push(value),
    forSplit: () => output,
    releaseSplit: () => undefined,
    malformed: (record: MalformedRecord) => void decoded.bad.push(`${record.location} ${record.message}`),
  };
  let lines = 0;
  let tail = bytes.subarray(0, 0);
  let at = offset;
  for (let ended = false; !ended;) {
    const end = Math.min(bytes.length, at + tail.length + piece);
    const part = bytes.subarray(at, end);
    const records = decoder.decode(part, end === bytes.length);
    for (let before = -1; !records.done;) {
      records.emit(output, 1, (_, line, raw, message) => {
        output.malformed({ raw, message, location: `${lines + line + 1}` });
        return true;
      });
      expect(records.consumedBytes()).toBeGreaterThan(before);
      before = records.consumedBytes();
    }
    expect(records.consumedBytes()).toBe(records.length);
    lines += records.consumedLines();
    at += records.length;
    tail = bytes.subarray(at, end);
    ended = end === bytes.length;
  }
  return decoded;
}

const Row = Types.object({
  id: Types.int,
  name: Types.string,
  rate: Types.nullable(Types.double),
  on: Types.optional(Types.boolean),
  at: Types.nullable(Types.timestamp),
});

describe("csvFormat", () => {
  it("converts columns by their declared types, in whatever order they stand", async () => {
    const text = "at,extra,name,id,rate,on\n2001-01-01,x,Ann,1,0.5,yes\n,x,,2,,\n1000,x,Bob,-3,1e3,FALSE\n";
    const { records, bad } = await decode(csvFormat({}, Row), text);
    expect(bad).toEqual([]);
    expect(records).toEqual([
      { id: 1, name: "Ann", rate: 0.5, on: true, at: Date.UTC(2001, 0, 1) },
      { id: 2, name: "", rate: null, on: undefined, at: null },
      { id: 3 * -1, name: "Bob", rate: 1000, on: false, at: 1000 },
    ]);
  });

  it("gives columns as strings without a type", async () => {
    const { records } = await decode(csvFormat(), 'a,b\n1,"x, y"\n');
    expect(records).toEqual([{ a: "1", b: "x, y" }]);
  });

  it("says what is wrong, in which line and column", async () => {
    const text = 'id,name\n1,a\nx,b\n2\n3,"q"z\n4,"two\nlines"\n0x10,d\n5,e"f\n6,g\n';
    const format = csvFormat({}, Types.object({ id: Types.int, name: Types.string }));
    const { records, bad } = await decode(format, text);
    expect(records).toEqual([
      { id: 1, name: "a" },
      { id: 4, name: "two\nlines" },
      { id: 6, name: "g" },
    ]);
    expect(bad).toEqual([
      `3 column id: expected int, got "x"`,
      "4 expected 2 columns, got 1",
      expect.stringMatching(/^5 expected CSV: Invalid Closing Quote: got "z" instead of delimiter/u),
      `8 column id: expected int, got "0x10"`,
      expect.stringMatching(/^9 expected CSV: Invalid Opening Quote/u),
    ]);
  });

  it("names a column that is missing, and those that are there", async () => {
    await expect(decode(csvFormat({}, Row), "id,nam\n1,a\n")).rejects.toThrow(
      `f.csv: there is no column "name"; the columns are "id", "nam"`,
    );
    await expect(decode(csvFormat(), "a,b,a\n")).rejects.toThrow(`names the column "a" twice`);
  });

  it("knows other dialects", async () => {
    const options: CsvOptions = {
      delimiter: ";",
      quote: "'",
      escape: "\\",
      comment: "#",
      trim: true,
      columns: ["id", "name"],
      nullValues: ["", "NA"],
    };
    const type = Types.object({ id: Types.nullable(Types.int), name: Types.string });
    const { records, bad } = await decode(
      csvFormat(options, type),
      "# ids\n 1 ; 'it\\'s; so'\n#x\nNA;plain \n",
    );
    expect(bad).toEqual([]);
    expect(records).toEqual([
      { id: 1, name: "it's; so" },
      { id: null, name: "plain" },
    ]);
  });

  it("goes by the schema's order where there is no header, and skips one that is renamed", async () => {
    const type = Types.object({ id: Types.int, name: Types.string });
    expect((await decode(csvFormat({ header: false }, type), "1,a\n")).records).toEqual([
      { id: 1, name: "a" },
    ]);
    const renamed = csvFormat({ header: true, columns: ["id", "name"] }, type);
    expect((await decode(renamed, "No,Title\n1,a\n")).records).toEqual([{ id: 1, name: "a" }]);
  });

  it("reads the header again when it begins in the middle", async () => {
    const text = "\uFEFF\nid,name\n1,a\n2,b\n";
    const type = Types.object({ name: Types.string });
    const { records } = await decode(
      csvFormat({}, type),
      text,
      Infinity,
      Buffer.byteLength("\uFEFF\nid,name\n1,a\n"),
    );
    expect(records).toEqual([{ name: "b" }]);
  });

  it("agrees with csv-parse on any well-formed text, in pieces of any size", async () => {
    const field = fc.oneof(
      fc.constantFrom("", "a", "7", "é😀", " x "),
      fc.string({ unit: fc.constantFrom('"', ",", "\n", "\r\n", "a", " "), maxLength: 6 }),
    );
    const row = fc.tuple(field, field, field);
    const written = fc.tuple(fc.array(row, { maxLength: 12 }), fc.constantFrom("\n", "\r\n"), fc.boolean());
    await fc.assert(
      fc.asyncProperty(written, fc.integer({ min: 1, max: 30 }), async ([rows, end, ended], piece) => {
        const quote = (text: string): string =>
          /[",\r\n]/u.test(text) || text === "" ? `"${text.replaceAll('"', '""')}"` : text;
        const text = rows.map((r) => r.map(quote).join(",")).join(end) + (ended ? end : "");
        const expected: unknown = parse(text, {
          columns: ["a", "b", "c"],
          record_delimiter: ["\r\n", "\n"],
          skip_empty_lines: true,
        });
        const { records, bad } = await decode(csvFormat({ columns: ["a", "b", "c"] }), text, piece);
        expect(bad).toEqual([]);
        expect(records).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });
});
