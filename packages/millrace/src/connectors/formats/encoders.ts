import { MillraceError } from "../../common/errors/millrace-error.ts";
import { preview } from "../../common/errors/preview.ts";
import { refuseUnknownOptions } from "../base/options.ts";
import { csvDialect, type CsvDialect } from "./csv-dialect.ts";
import { reasonOf } from "./malformed-text.ts";
import type { PartEncoder, RecordEncoder } from "./record-encoder.ts";

/** Each record, which must be text, is a line. */
export const linesEncoder: RecordEncoder<string> = {
  name: "lines",
  extension: ".txt",
  createPart: () => ({
    encode(value) {
      if (typeof value === "string") return `${value}\n`;
      throw new MillraceError("RECORD_TYPE_MISMATCH", `lines: expected text, got ${preview(value)}`, {
        help: `Make the text in a map before the sink, or write the format "jsonl".`,
      });
    },
  }),
};

/** Each record is a line of JSON, as JSON.stringify writes it: dates as ISO 8601, NaN and the infinities as null. */
export const jsonLinesEncoder: RecordEncoder<unknown> = {
  name: "JSON lines",
  extension: ".jsonl",
  createPart: () => ({ encode: (value) => `${jsonOf(value)}\n` }),
};

function jsonOf(value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw notJson(value, reasonOf(error), error);
  }
  if (text === undefined) throw notJson(value, "it has no JSON form");
  return text;
}

function notJson(value: unknown, reason: string, cause?: unknown): MillraceError {
  return new MillraceError("RECORD_TYPE_MISMATCH", `JSON can't hold ${preview(value)}: ${reason}`, {
    cause,
    help: "Convert what JSON lacks (a bigint, for instance) in a map before the sink.",
  });
}

/** How CSV is written. */
export interface CsvEncoderOptions {
  /** The columns, in order; default the fields of the first record of each file. */
  readonly columns?: readonly string[] | undefined;
  /** Whether each file begins with the columns' names; default true. */
  readonly header?: boolean | undefined;
  /** Default ",". */
  readonly delimiter?: string | undefined;
  /** Default `"`. */
  readonly quote?: string | undefined;
}

/**
 * Comma-separated values. Fields that hold delimiters, quotes or line ends are quoted; null and undefined are empty; dates are ISO
 * 8601; objects and arrays JSON.
 *
 * @throws MillraceError INVALID_OPTION, UNKNOWN_OPTION
 */
export function csvEncoder(options: CsvEncoderOptions = {}): RecordEncoder<object> {
  refuseUnknownOptions("CSV", options, ["columns", "header", "delimiter", "quote"]);
  const dialect = csvDialect({ delimiter: options.delimiter, quote: options.quote });
  return { name: "CSV", extension: ".csv", createPart: () => new CsvPart(options, dialect) };
}

class CsvPart implements PartEncoder<object> {
  readonly #dialect: CsvDialect;
  readonly #header: boolean;
  readonly #special: RegExp;
  #columns: readonly string[] | undefined;
  #started = false;

  constructor(options: CsvEncoderOptions, dialect: CsvDialect) {
    this.#dialect = dialect;
    this.#header = options.header ?? true;
    this.#columns = options.columns;
    // The characters are single and printable; in a class only these four mean something else.
    const escaped = [dialect.delimiter, dialect.quote ?? ""].map((c) => c.replace(/[\\\]^-]/u, "\\$&"));
    this.#special = new RegExp(`[${escaped.join("")}\r\n]`, "u");
  }

  encode(value: object): string {
    if (typeof value !== "object" || value === null) {
      throw new MillraceError("RECORD_TYPE_MISMATCH", `CSV: expected an object, got ${preview(value)}`);
    }
    const columns = (this.#columns ??= Object.keys(value));
    const row = this.#row(columns.map((column) => (value as Record<string, unknown>)[column]));
    if (this.#started) return row;
    this.#started = true;
    return this.#header ? this.#row(columns) + row : row;
  }

  #row(fields: readonly unknown[]): string {
    return `${fields.map((field) => this.#field(field)).join(this.#dialect.delimiter)}\n`;
  }

  #field(value: unknown): string {
    const text = textOf(value);
    const { quote } = this.#dialect;
    // An empty text differs from a missing one, and space at the ends is part of it.
    const plain =
      value === null ||
      value === undefined ||
      (text !== "" && !this.#special.test(text) && text.trim() === text);
    if (plain || quote === null) return text;
    return `${quote}${text.replaceAll(quote, quote + quote)}${quote}`;
  }
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (value === null || value === undefined) return "";
  if (value instanceof Date) return value.toISOString();
  return typeof value === "object" ? jsonOf(value) : `${value as number | bigint | boolean}`;
}
