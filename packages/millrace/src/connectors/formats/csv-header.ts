import { createRequire } from "node:module";
import type * as CsvParse from "csv-parse/sync";
import type { CsvDialect } from "./csv-dialect.ts";
import { csvRecordEnds } from "./csv-records.ts";
import { byteOrderMark } from "./file-format.ts";
import { decodeText, type TextEncoding } from "./text-encoding.ts";

let loaded: typeof CsvParse | undefined;

/** The parser, loaded when the first CSV text is read: most jobs read none, and each thread would load its dozen modules. */
function csvParse(): typeof CsvParse {
  loaded ??= createRequire(import.meta.url)("csv-parse/sync") as typeof CsvParse;
  return loaded;
}

/** The first record of CSV text. */
export interface CsvHeader {
  readonly names: readonly string[];
  /** Where the next record begins. */
  readonly end: number;
  /** The lines that it takes, with those skipped before it. */
  readonly lines: number;
}

/**
 * Reads the header at the start of `bytes`; undefined when it isn't whole yet. Blank lines and comments before it are
 * skipped.
 */
export function readCsvHeader(
  bytes: Buffer,
  last: boolean,
  dialect: CsvDialect,
  encoding: TextEncoding,
): CsvHeader | undefined {
  let start = byteOrderMark(bytes, last);
  if (start === undefined) return undefined;
  let lines = 0;
  for (const end of csvRecordEnds(bytes, start, last, dialect)) {
    const text = decodeText(bytes, start, end, encoding);
    lines += text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
    const [names] = parseCsv(text, dialect);
    if (names !== undefined) return { names: names.map((name) => name.trim()), end, lines };
    start = end;
  }
  return undefined;
}

/** Parses whole records; blank lines and comments are left out. Throws csv-parse's own errors. */
export function parseCsv(text: string, dialect: CsvDialect): readonly (readonly string[])[] {
  return csvParse().parse(text, {
    delimiter: dialect.delimiter,
    quote: dialect.quote,
    escape: dialect.escape,
    comment: dialect.comment,
    comment_no_infix: true,
    trim: dialect.trim,
    record_delimiter: ["\r\n", "\n"],
    relax_column_count: true,
    skip_empty_lines: true,
  });
}
