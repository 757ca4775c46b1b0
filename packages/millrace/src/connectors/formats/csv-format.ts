import { MillraceError } from "../../common/errors/millrace-error.ts";
import { preview } from "../../common/errors/preview.ts";
import type { TypeInfo } from "../../common/types/type-info.ts";
import { refuseUnknownOptions, requireOption } from "../base/options.ts";
import { requireRowType, rowConverter } from "./csv-columns.ts";
import { CsvDecoder } from "./csv-decoder.ts";
import { csvDialect, type CsvDialect, type CsvDialectOptions } from "./csv-dialect.ts";
import { readCsvHeader } from "./csv-header.ts";
import type { FileFormat } from "./file-format.ts";
import type { TextEncoding } from "./text-encoding.ts";

/** Options of the format "csv". */
export interface CsvOptions extends CsvDialectOptions {
  /** Whether the first record names the columns; default true, or false where `columns` is given. */
  readonly header?: boolean | undefined;
  /** The columns' names, in order; default those of the header, or without a header the schema's fields. */
  readonly columns?: readonly string[] | undefined;
  /** Texts that stand for null in nullable and optional columns; default the empty text. */
  readonly nullValues?: readonly string[] | undefined;
}

const OPTIONS = [
  "delimiter",
  "quote",
  "escape",
  "comment",
  "trim",
  "multiline",
  "header",
  "columns",
  "nullValues",
] as const;

/**
 * Comma-separated values with typed columns. Without a type a record is an object of strings.
 *
 * @throws MillraceError INVALID_OPTION, UNKNOWN_OPTION, INVALID_TYPE
 */
export function csvFormat<T>(
  options: CsvOptions = {},
  type?: TypeInfo<T>,
  encoding: TextEncoding = "utf-8",
): FileFormat<T> {
  refuseUnknownOptions("CSV", options, OPTIONS);
  const dialect = csvDialect(options);
  const header = options.header ?? options.columns === undefined;
  const given = options.columns ?? (header ? undefined : fieldNames(type));
  requireOption(
    header || given !== undefined,
    "CSV",
    "columns",
    "the columns' names, as there is neither a header nor a schema",
    options.columns,
  );
  // A schema of another make checks for itself.
  if (type !== undefined && type.validate === undefined) requireRowType(type);
  const nullValues = options.nullValues ?? [""];
  return {
    name: "CSV",
    type,
    splittable: !dialect.multiline,
    async createDecoder({ location, offset, readHead }) {
      const makeRow = (names: readonly string[]) => rowConverter(names, { type, nullValues, location });
      const decoder = new CsvDecoder<T>({ dialect, encoding, atStart: offset === 0 });
      if (given !== undefined) decoder.columnsAre(makeRow(given));
      else if (offset > 0) decoder.columnsAre(makeRow(await headerOf(readHead, dialect, encoding, location)));
      if (offset === 0 && header) {
        decoder.headerComes((names) => (given === undefined ? makeRow(names) : makeRow(given)));
      }
      return decoder;
    },
  };
}

function fieldNames(type: Pick<TypeInfo<unknown>, "description"> | undefined): readonly string[] | undefined {
  return type?.description.kind === "object" ? type.description.fields.map((field) => field.name) : undefined;
}

/** The longest header that is looked for. */
const MAX_HEADER = 16 * 1024 * 1024;

/** Reads the header again, for a reader that begins in the middle of a file. */
async function headerOf(
  readHead: (length: number) => Promise<Buffer>,
  dialect: CsvDialect,
  encoding: TextEncoding,
  location: string,
): Promise<readonly string[]> {
  for (let length = 64 * 1024; length <= MAX_HEADER; length *= 4) {
    const head = await readHead(length);
    const names = readCsvHeader(head, head.length < length, dialect, encoding)?.names;
    if (names !== undefined) return names;
  }
  throw new MillraceError(
    "SOURCE_FAILED",
    `${location}: expected a header of column names, found none in ${preview(MAX_HEADER)} bytes`,
  );
}
