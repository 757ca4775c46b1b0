import { isAscii } from "node:buffer";
import type { ReaderOutput } from "../../common/connector/source.ts";
import type { RowConverter } from "./csv-columns.ts";
import type { CsvDialect } from "./csv-dialect.ts";
import { parseCsv, readCsvHeader } from "./csv-header.ts";
import { csvRecordEnds, splitFields, splitRecord } from "./csv-records.ts";
import {
  byteOrderMark,
  type DecodedRecords,
  type RecordDecoder,
  type ReportMalformed,
} from "./file-format.ts";
import { LineDecoder, SKIP, type LineParser } from "./line-records.ts";
import { MalformedText, reasonOf, shortened } from "./malformed-text.ts";
import { decodeText, type TextEncoding } from "./text-encoding.ts";

/** How a CsvDecoder reads. */
export interface CsvDecoderOptions {
  readonly dialect: CsvDialect;
  readonly encoding: TextEncoding;
  /** Whether the input begins here. */
  readonly atStart: boolean;
}

/**
 * Decodes CSV. Pieces of input without any quote are lines cut at delimiters; where there are quotes, the records' ends are
 * found first. What isn't plainly well-formed is csv-parse's to judge.
 */
export class CsvDecoder<T> implements RecordDecoder<T> {
  readonly #dialect: CsvDialect;
  readonly #encoding: TextEncoding;
  #row: RowConverter<T> | undefined;
  #header: ((names: readonly string[]) => RowConverter<T>) | undefined;
  #lines: LineDecoder<T> | undefined;
  #atStart: boolean;

  constructor(options: CsvDecoderOptions) {
    this.#dialect = options.dialect;
    this.#encoding = options.encoding;
    this.#atStart = options.atStart;
  }

  /** Says how rows become records. */
  columnsAre(row: RowConverter<T>): void {
    this.#row = row;
  }

  /** Says that the first record is a header, of which `row` makes the converter of the others. */
  headerComes(row: (names: readonly string[]) => RowConverter<T>): void {
    this.#header = row;
  }

  decode(bytes: Buffer, last: boolean): DecodedRecords<T> {
    let start = 0;
    let linesSkipped = 0;
    if (this.#header !== undefined) {
      const header = readCsvHeader(bytes, last, this.#dialect, this.#encoding);
      if (header === undefined) return new NoRecords(last ? bytes.length : 0);
      this.#row = this.#header(header.names);
      this.#header = undefined;
      start = header.end;
      linesSkipped = header.lines;
    } else if (this.#atStart) {
      const mark = byteOrderMark(bytes, last);
      if (mark === undefined) return new NoRecords(0);
      start = mark;
    }
    this.#atStart = false;
    const records = this.#decodeFrom(start === 0 ? bytes : bytes.subarray(start), last);
    return start === 0 ? records : new Shifted(records, start, linesSkipped);
  }

  #decodeFrom(bytes: Buffer, last: boolean): DecodedRecords<T> {
    const { quoteByte } = this.#dialect;
    // The columns are known by now: given, or from the header.
    const row = this.#row!;
    if (quoteByte < 0 || !bytes.includes(quoteByte)) {
      this.#lines ??= new LineDecoder(plainRow(row, this.#dialect), {
        encoding: this.#encoding,
        atStart: false,
      });
      return this.#lines.decode(bytes, last);
    }
    const ends = csvRecordEnds(bytes, 0, last, this.#dialect);
    return new QuotedRecords(bytes, ends, row, this.#dialect, this.#encoding);
  }
}

/** Parses a line without quotes. */
function plainRow<T>(row: RowConverter<T>, dialect: CsvDialect): LineParser<T> {
  const { delimiter, trim, comment } = dialect;
  return (line) => {
    if (line === "" || (comment !== null && line.startsWith(comment))) return SKIP;
    const fields = splitFields(line, delimiter);
    return row(trim ? fields.map((field) => field.trim()) : fields);
  };
}

/** Nothing, or bytes that hold no record. */
class NoRecords implements DecodedRecords<never> {
  readonly length: number;
  readonly done = true;

  constructor(length: number) {
    this.length = length;
  }

  emit(): number {
    return 0;
  }

  consumedBytes(): number {
    return this.length;
  }

  consumedLines(): number {
    return 0;
  }
}

/** Records that begin behind a header. */
class Shifted<T> implements DecodedRecords<T> {
  readonly #records: DecodedRecords<T>;
  readonly #bytes: number;
  readonly #lines: number;

  constructor(records: DecodedRecords<T>, bytes: number, lines: number) {
    this.#records = records;
    this.#bytes = bytes;
    this.#lines = lines;
  }

  get length(): number {
    return this.#records.length + this.#bytes;
  }

  get done(): boolean {
    return this.#records.done;
  }

  emit(output: ReaderOutput<T>, limit: number, report: ReportMalformed<T>): number {
    return this.#records.emit(output, limit, (to, line, raw, message, cause) =>
      report(to, line + this.#lines, raw, message, cause),
    );
  }

  consumedBytes(): number {
    return this.#records.consumedBytes() + this.#bytes;
  }

  consumedLines(): number {
    return this.#records.consumedLines() + this.#lines;
  }
}

/** The records of a piece of input that holds quotes. */
class QuotedRecords<T> implements DecodedRecords<T> {
  readonly length: number;
  readonly #bytes: Buffer;
  readonly #ends: readonly number[];
  readonly #row: RowConverter<T>;
  readonly #dialect: CsvDialect;
  readonly #encoding: TextEncoding;
  /** The number of records behind, where they end, and the lines they took. */
  #at = 0;
  #offset = 0;
  #lines = 0;

  constructor(
    bytes: Buffer,
    ends: readonly number[],
    row: RowConverter<T>,
    dialect: CsvDialect,
    encoding: TextEncoding,
  ) {
    this.#bytes = bytes;
    this.#ends = ends;
    this.length = ends.at(-1) ?? 0;
    this.#row = row;
    this.#dialect = dialect;
    // Told once for all of them, not for each record.
    this.#encoding = isAscii(bytes) ? "latin1" : encoding;
  }

  get done(): boolean {
    return this.#at >= this.#ends.length;
  }

  emit(output: ReaderOutput<T>, limit: number, report: ReportMalformed<T>): number {
    let emitted = 0;
    while (emitted < limit && this.#at < this.#ends.length && !output.blocked) {
      const end = this.#ends[this.#at]!;
      const text = withoutLineEnd(decodeText(this.#bytes, this.#offset, end, this.#encoding));
      let value: T | typeof SKIP = SKIP;
      try {
        const row = parseRecord(text, this.#dialect);
        if (row !== null) value = this.#row(row);
      } catch (error) {
        if (!report(output, this.#lines, shortened(text), reasonOf(error), error)) return emitted;
        emitted++;
      }
      this.#step(end);
      if (value === SKIP) continue;
      output.collect(value);
      emitted++;
    }
    return emitted;
  }

  consumedBytes(): number {
    return this.#offset;
  }

  consumedLines(): number {
    return this.#lines;
  }

  #step(end: number): void {
    const bytes = this.#bytes;
    for (let at = bytes.indexOf(10, this.#offset); at >= 0 && at < end; at = bytes.indexOf(10, at + 1)) {
      this.#lines++;
    }
    this.#offset = end;
    this.#at++;
  }
}

/** The fields of a record without its line end; null where it is blank or a comment. Throws MalformedText. */
function parseRecord(text: string, dialect: CsvDialect): readonly string[] | null {
  const fields = splitRecord(text, dialect);
  if (fields !== undefined) return fields;
  try {
    return parseCsv(text, dialect)[0] ?? null;
  } catch (error) {
    throw new MalformedText(`expected CSV: ${plainReason(error)}`);
  }
}

function withoutLineEnd(text: string): string {
  if (!text.endsWith("\n")) return text;
  return text.slice(0, text.endsWith("\r\n") ? -2 : -1);
}

/** csv-parse counts lines from the start of what it was given, which is one record here. */
function plainReason(error: unknown): string {
  return reasonOf(error).replace(/ at line \d+/u, "");
}
