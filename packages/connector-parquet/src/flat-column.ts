import type { CompressionCodec, DecodedArray, SchemaTree } from "hyparquet";
import { parquetHeader } from "hyparquet/src/column.js";
import { convert, DEFAULT_PARSERS } from "hyparquet/src/convert.js";
import { decompressPage, readDataPage, readDataPageV2 } from "hyparquet/src/datapage.js";
import { readPlain } from "hyparquet/src/plain.js";
import { MillraceError } from "millrace";
import { BadValue } from "./bad-value.ts";
import type { ColumnPlan } from "./column-plan.ts";
import { HybridDecoder } from "./hybrid-decoder.ts";
import { COMPRESSORS } from "./parquet-file.ts";

type ColumnDecoder = Parameters<typeof readDataPage>[2];
type PageHeader = ReturnType<typeof parquetHeader>;

/** Times as numbers: ms since the epoch, with fractions where the file has them. */
const NUMERIC_TIMES = {
  ...DEFAULT_PARSERS,
  timestampFromMilliseconds: (millis: bigint) => Number(millis),
  timestampFromMicroseconds: (micros: bigint) => Number(micros) / 1000,
  timestampFromNanoseconds: (nanos: bigint) => Number(nanos / 1000n) / 1000,
  dateFromDays: (days: number) => days * 86_400_000,
};

/** Values of a page that are there: by their places in a dictionary, or all decoded. */
type PageValues =
  | { readonly kind: "indexes"; readonly indexes: HybridDecoder }
  | { readonly kind: "decoded"; readonly values: DecodedArray; at: number };

/** A page that is being read. */
interface Page {
  /** Rows not read yet. */
  left: number;
  /** Which rows have a value; undefined where all have. */
  readonly levels: HybridDecoder | undefined;
  readonly values: PageValues;
}

/**
 * Reads a column that is not nested, a stretch of rows at a time. Pages with a dictionary, which are nearly all, are decoded as they are
 * read, by way of the converted dictionary: no array of a whole page is made. Other encodings are hyparquet's.
 */
export class FlatColumn {
  readonly #view: DataView;
  readonly #decoder: ColumnDecoder;
  readonly #convert: ColumnPlan["convert"];
  readonly #optional: boolean;
  readonly #location: string;
  /** What stands for a missing value. */
  readonly #missing: unknown;
  #offset = 0;
  #dictionary: readonly unknown[] | undefined;
  /** Whether a value of the dictionary, or of a decoded page, is a BadValue. */
  #bad = false;
  #page: Page | undefined;
  #places = new Int32Array(0);
  #levels = new Int32Array(0);

  /**
   * @param chunk the column chunk's bytes
   * @param location for messages
   */
  constructor(
    chunk: ArrayBuffer,
    plan: ColumnPlan & { readonly column: SchemaTree },
    codec: CompressionCodec,
    location: string,
  ) {
    const { element } = plan.column;
    this.#view = new DataView(chunk);
    this.#convert = plan.convert;
    this.#optional = element.repetition_type !== "REQUIRED";
    this.#location = location;
    this.#missing = plan.convert(null);
    this.#decoder = {
      pathInSchema: [element.name],
      // Columns without children have a type.
      type: element.type!,
      element,
      schemaPath: [ROOT, plan.column],
      codec,
      parsers: plan.dates ? DEFAULT_PARSERS : NUMERIC_TIMES,
      compressors: COMPRESSORS,
      utf8: !plan.raw,
    };
  }

  /** Puts the next `count` values into `out[0, count)`. Answers whether there may be BadValues among them. */
  read(out: unknown[], count: number): boolean {
    let bad = false;
    for (let at = 0; at < count;) {
      const page = this.#currentPage();
      const taken = Math.min(count - at, page.left);
      bad = this.#readFrom(page, out, at, taken) || bad;
      page.left -= taken;
      at += taken;
    }
    return bad;
  }

  /** Passes over rows; whole pages without decoding them. */
  skip(count: number): void {
    const unused: unknown[] = [];
    for (let left = count; left > 0;) {
      const passed = this.#page === undefined || this.#page.left === 0 ? this.#passPage(left) : 0;
      left -= passed;
      if (passed > 0) continue;
      const page = this.#currentPage();
      const taken = Math.min(left, page.left, 4096);
      this.#readFrom(page, unused, 0, taken);
      page.left -= taken;
      left -= taken;
    }
  }

  #readFrom(page: Page, out: unknown[], at: number, count: number): boolean {
    if (this.#places.length < count) {
      this.#places = new Int32Array(count);
      this.#levels = new Int32Array(count);
    }
    let present = count;
    if (page.levels !== undefined) {
      const levels = this.#levels;
      page.levels.read(levels, count);
      present = 0;
      for (let i = 0; i < count; i++) present += levels[i]!;
    }
    const { values } = page;
    if (values.kind === "indexes") {
      // A page of indexes comes behind its dictionary.
      const dictionary = this.#dictionary!;
      const places = this.#places;
      values.indexes.read(places, present);
      if (present === count) {
        for (let i = 0; i < count; i++) out[at + i] = dictionary[places[i]!];
      } else {
        this.#spread(out, at, count, (i) => dictionary[places[i]!]);
      }
    } else {
      const { values: decoded, at: from } = values;
      if (present === count) {
        for (let i = 0; i < count; i++) out[at + i] = decoded[from + i];
      } else {
        this.#spread(out, at, count, (i) => decoded[from + i]);
      }
      values.at += present;
    }
    return this.#bad || (present < count && this.#missing instanceof BadValue);
  }

  /** Puts values in the rows that have one, and what stands for a missing one in the others. */
  #spread(out: unknown[], at: number, count: number, value: (i: number) => unknown): void {
    const levels = this.#levels;
    let next = 0;
    for (let i = 0; i < count; i++) out[at + i] = levels[i] === 1 ? value(next++) : this.#missing;
  }

  #currentPage(): Page {
    while (this.#page === undefined || this.#page.left === 0) this.#page = this.#nextPage();
    return this.#page;
  }

  /** Passes over the next page when it has at most so many rows; how many it has, 0 when it was not passed. */
  #passPage(most: number): number {
    const { header, end } = this.#header();
    const rows = header.data_page_header?.num_values ?? header.data_page_header_v2?.num_rows ?? Infinity;
    if (rows > most) return 0;
    this.#offset = end;
    return rows;
  }

  /** Reads the next page; undefined for one that holds no rows. */
  #nextPage(): Page | undefined {
    const { header, bytes, end } = this.#header();
    this.#offset = end;
    if (header.type === "DICTIONARY_PAGE") {
      this.#readDictionary(bytes, header);
      return undefined;
    }
    if (header.data_page_header !== undefined) return this.#pageV1(bytes, header, header.data_page_header);
    if (header.data_page_header_v2 !== undefined)
      return this.#pageV2(bytes, header, header.data_page_header_v2);
    return undefined;
  }

  /** The header at the offset at hand, the page's bytes behind it, and where they end. */
  #header(): { readonly header: PageHeader; readonly bytes: Uint8Array; readonly end: number } {
    if (this.#offset >= this.#view.byteLength) {
      throw new MillraceError(
        "SOURCE_FAILED",
        `${this.#location}: the column ends before its row group does`,
      );
    }
    const reader = { view: this.#view, offset: this.#offset };
    const header = parquetHeader(reader);
    const end = reader.offset + header.compressed_page_size;
    return {
      header,
      bytes: new Uint8Array(this.#view.buffer, reader.offset, header.compressed_page_size),
      end,
    };
  }

  #readDictionary(bytes: Uint8Array, header: PageHeader): void {
    const page = this.#decompressed(bytes, header.uncompressed_page_size);
    const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
    const { type, element } = this.#decoder;
    const count = header.dictionary_page_header?.num_values ?? 0;
    const raw = readPlain({ view, offset: 0 }, type, count, element.type_length);
    this.#dictionary = this.#declared(raw);
  }

  #pageV1(bytes: Uint8Array, header: PageHeader, page: NonNullable<PageHeader["data_page_header"]>): Page {
    const content = this.#decompressed(bytes, header.uncompressed_page_size);
    if (!page.encoding.endsWith("_DICTIONARY") || this.#dictionary === undefined) {
      const decoded = readDataPage(content, page, this.#decoder);
      return this.#decodedPage(page.num_values, decoded.dataPage, decoded.definitionLevels);
    }
    let start = 0;
    let levels: HybridDecoder | undefined;
    if (this.#optional) {
      const length = new DataView(content.buffer, content.byteOffset, 4).getUint32(0, true);
      levels = new HybridDecoder(content, 1, 4, 4 + length);
      start = 4 + length;
    }
    return { left: page.num_values, levels, values: indexesIn(content, start) };
  }

  #pageV2(bytes: Uint8Array, header: PageHeader, page: NonNullable<PageHeader["data_page_header_v2"]>): Page {
    if (!page.encoding.endsWith("_DICTIONARY") || this.#dictionary === undefined) {
      const decoded = readDataPageV2(bytes, header, this.#decoder);
      return this.#decodedPage(page.num_rows, decoded.dataPage, decoded.definitionLevels);
    }
    const start = page.repetition_levels_byte_length + page.definition_levels_byte_length;
    const levels =
      this.#optional && page.num_nulls > 0
        ? new HybridDecoder(bytes, 1, page.repetition_levels_byte_length, start)
        : undefined;
    const packed = bytes.subarray(start);
    const size = header.uncompressed_page_size - start;
    const content = page.is_compressed === false ? packed : this.#decompressed(packed, size);
    return { left: page.num_rows, levels, values: indexesIn(content, 0) };
  }

  /** A page that hyparquet has decoded. */
  #decodedPage(rows: number, raw: DecodedArray, levels: readonly number[] | undefined): Page {
    const values = this.#declared(convert(raw, this.#decoder), true);
    const gaps = levels !== undefined && levels.length > 0 && values.length < rows;
    return {
      left: rows,
      levels: gaps ? packedLevels(levels) : undefined,
      values: { kind: "decoded", values, at: 0 },
    };
  }

  #declared(raw: DecodedArray, converted = false): unknown[] {
    const values = converted ? raw : convert(raw, this.#decoder);
    const declared: unknown[] = [];
    for (let i = 0; i < values.length; i++) {
      const value = this.#convert(values[i]);
      if (value instanceof BadValue) this.#bad = true;
      declared.push(value);
    }
    return declared;
  }

  #decompressed(bytes: Uint8Array, size: number): Uint8Array {
    return decompressPage(bytes, size, this.#decoder.codec, COMPRESSORS);
  }
}

/** Column paths begin at the root, of which nothing is asked. */
const ROOT: SchemaTree = { children: [], count: 0, element: { name: "root" }, path: [] };

/** Indexes behind the byte that tells their width. */
function indexesIn(content: Uint8Array, start: number): PageValues {
  return {
    kind: "indexes",
    indexes: new HybridDecoder(content, content[start] ?? 0, start + 1, content.length),
  };
}

/** Levels that are decoded already, as a HybridDecoder reads them: runs of one bit each, packed. */
function packedLevels(levels: readonly number[]): HybridDecoder {
  const groups = Math.ceil(levels.length / 8);
  const header: number[] = [];
  for (let rest = groups * 2 + 1; ; rest >>>= 7) {
    header.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest);
    if (rest <= 0x7f) break;
  }
  const bytes = new Uint8Array(header.length + groups);
  bytes.set(header);
  levels.forEach((level, i) => {
    bytes[header.length + (i >> 3)]! |= level << (i & 7);
  });
  return new HybridDecoder(bytes, 1, 0, bytes.length);
}
