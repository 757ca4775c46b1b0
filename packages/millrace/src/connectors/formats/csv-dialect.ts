import { requireOption } from "../base/options.ts";

/** How CSV text is written. */
export interface CsvDialectOptions {
  /** Between fields; one ASCII character. Default ",". */
  readonly delimiter?: string | undefined;
  /** Around fields that hold delimiters, quotes or newlines; one ASCII character, or null where there is none. Default `"`. */
  readonly quote?: string | null | undefined;
  /** Makes a quote inside of quotes part of the field; default the quote itself (`""`). */
  readonly escape?: string | undefined;
  /** Lines that begin with this character are no records; default none. */
  readonly comment?: string | undefined;
  /** Whether space around fields is dropped; default false. */
  readonly trim?: boolean | undefined;
  /**
   * Whether quoted fields may hold newlines; default true. When false, a newline always ends a record, and large files are
   * read in ranges.
   */
  readonly multiline?: boolean | undefined;
}

/** A dialect with its defaults filled in; characters as byte values, too. */
export interface CsvDialect {
  readonly delimiter: string;
  readonly quote: string | null;
  readonly escape: string;
  readonly comment: string | null;
  readonly trim: boolean;
  readonly multiline: boolean;
  readonly delimiterByte: number;
  /** -1 where there is none. */
  readonly quoteByte: number;
  readonly escapeByte: number;
  /** -1 where there is none. */
  readonly commentByte: number;
}

/** @throws MillraceError INVALID_OPTION */
export function csvDialect(options: CsvDialectOptions): CsvDialect {
  const delimiter = options.delimiter ?? ",";
  const quote = options.quote === undefined ? '"' : options.quote;
  const escape = options.escape ?? quote ?? '"';
  const comment = options.comment ?? null;
  requireCharacter("delimiter", delimiter);
  if (quote !== null) requireCharacter("quote", quote);
  requireCharacter("escape", escape);
  if (comment !== null) requireCharacter("comment", comment);
  requireOption(quote !== delimiter, "CSV", "quote", "another character than the delimiter", quote);
  return {
    delimiter,
    quote,
    escape,
    comment,
    trim: options.trim ?? false,
    multiline: quote !== null && (options.multiline ?? true),
    delimiterByte: delimiter.charCodeAt(0),
    quoteByte: quote === null ? -1 : quote.charCodeAt(0),
    escapeByte: escape.charCodeAt(0),
    commentByte: comment === null ? -1 : comment.charCodeAt(0),
  };
}

function requireCharacter(option: string, value: string): void {
  requireOption(/^[\t\x20-\x7e]$/u.test(value), "CSV", option, "one ASCII character", value);
}
