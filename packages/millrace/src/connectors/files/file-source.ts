import { fileURLToPath } from "node:url";
import type { Source } from "../../common/connector/source.ts";
import type { Duration } from "../../common/time/durations.ts";
import type { TypeInfo } from "../../common/types/type-info.ts";
import type { TypeLike } from "../../common/types/type-like.ts";
import { BufferedSourceReader } from "../base/buffered-source-reader.ts";
import { refuseUnknownOptions, requireCount, requireOption, requirePositive } from "../base/options.ts";
import { schemaType } from "../base/schema.ts";
import type { CsvOptions } from "../formats/csv-format.ts";
import type { FileFormat } from "../formats/file-format.ts";
import { formatOf, type FormatName } from "../formats/format-of.ts";
import type { TextEncoding } from "../formats/text-encoding.ts";
import { FileEnumerator, type FileEnumeratorState, type FileWatch } from "./file-enumerator.ts";
import { FileFetcher } from "./file-fetcher.ts";
import type { FileCompression, FileSplit } from "./file-split.ts";

/** What all kinds of file sources take. */
export interface FileSourceCommon {
  /**
   * Files, directories (all files in them) or globs (`logs/2001-*.csv`, `data/**\/*.gz`). Names that begin with `.` or `_` are
   * left out below directories and globs: others write there.
   */
  readonly path: string | URL | readonly (string | URL)[];
  /** Whether directories are read with all below them; default true. */
  readonly recursive?: boolean | undefined;
  /**
   * Whether to look for new files for ever; default false: what is there at the start is read, and the source ends. `true` looks
   * every second. A file is read once, as long as it was when it was found: files should be moved in whole, or `settle` set
   * to the time (ms) for which size and time of change must have stood still; default 0.
   */
  readonly watch?: boolean | { readonly interval?: Duration; readonly settle?: Duration } | undefined;
  /** Default "auto": gzip for names ending in `.gz`. A gzip file is read by one reader. */
  readonly compression?: FileCompression | "auto" | undefined;
  /** Uncompressed files are read in ranges of about this many bytes, where the format allows it; default 64 MiB. */
  readonly splitSize?: number | undefined;
  /** The longest record, bytes; default 64 MiB. A longer one fails the source. */
  readonly maxRecordSize?: number | undefined;
  /** Of "lines" and "csv"; default "utf-8". JSON is always UTF-8. */
  readonly encoding?: TextEncoding | undefined;
}

/** Every line is a record, empty ones too, without its end (LF or CRLF). */
export interface LinesSourceOptions extends FileSourceCommon {
  readonly format: "lines";
}

/** Every line is a JSON value; blank lines are skipped. */
export interface JsonLinesSourceOptions<T> extends FileSourceCommon {
  readonly format: "jsonl";
  /** What the lines hold; without it, `unknown`. */
  readonly schema?: TypeLike<T> | undefined;
}

/** Comma-separated values. */
export interface CsvSourceOptions<T> extends FileSourceCommon {
  readonly format: "csv";
  /** The record made of the columns of the same names; without it all columns, as strings. */
  readonly schema?: TypeLike<T> | undefined;
  readonly csv?: CsvOptions | undefined;
}

/** A format of one's own. */
export interface CustomFileSourceOptions<T> extends FileSourceCommon {
  readonly format: FileFormat<T>;
}

/** A source of files. */
export type FileSource<T> = Source<T, FileSplit, FileEnumeratorState>;

const NAME = "file source";
const DEFAULT_SPLIT_SIZE = 64 * 1024 * 1024;
const DEFAULT_MAX_RECORD = 64 * 1024 * 1024;
const DEFAULT_INTERVAL = 1000;

/**
 * Reads files: lines of text, JSON lines, CSV, or a format of one's own. Exactly-once: positions are bytes of files. Files
 * are read in the order of their paths (watched ones by their times of change), large ones by several subtasks at once.
 *
 * A record that can't be read is malformed: the operator's policy decides whether it fails the job (default), is skipped
 * and counted, or goes to a side output; its message names file, line, column, what was expected and what came.
 * A missing or unreadable file fails the job with SOURCE_FAILED.
 *
 * With a schema, JSON and CSV are converted: timestamps and dates from ISO 8601 text (UTC where it names no zone) or ms since
 * the epoch, numbers and booleans of CSV from their text, absent or empty nullable fields to null; fields that the schema
 * doesn't declare are dropped.
 *
 * @throws MillraceError INVALID_OPTION, UNKNOWN_OPTION, INVALID_TYPE when the program is built
 * @example
 * ```ts
 * const Flight = Types.object({ date: Types.timestamp, delay: Types.int, origin: Types.string });
 *
 * fileSource({ path: "access.log", format: "lines" });                       // string
 * fileSource({ path: "flights/*.jsonl.gz", format: "jsonl", schema: Flight });
 * fileSource({ path: "inbox", format: "csv", schema: Flight, csv: { delimiter: ";" }, watch: { interval: seconds(5) } });
 * ```
 */
export function fileSource(options: LinesSourceOptions): FileSource<string>;
export function fileSource<T>(
  options: JsonLinesSourceOptions<T> & { readonly schema: TypeLike<T> },
): FileSource<T>;
export function fileSource(options: JsonLinesSourceOptions<unknown>): FileSource<unknown>;
export function fileSource<T>(options: CsvSourceOptions<T> & { readonly schema: TypeLike<T> }): FileSource<T>;
export function fileSource(
  options: CsvSourceOptions<Record<string, string>>,
): FileSource<Record<string, string>>;
export function fileSource<T>(options: CustomFileSourceOptions<T>): FileSource<T>;
export function fileSource<T>(options: AnyFileSourceOptions<T>): FileSource<T> {
  refuseUnknownOptions(NAME, options, OPTIONS);
  const paths = pathsOf(options.path);
  requireCount(NAME, "splitSize", options.splitSize, 1);
  requireCount(NAME, "maxRecordSize", options.maxRecordSize, 1);
  requireOption(
    [undefined, "auto", "none", "gzip"].includes(options.compression),
    NAME,
    "compression",
    `"auto", "none" or "gzip"`,
    options.compression,
  );
  const watch = watchOf(options.watch);
  const type: TypeInfo<T> | undefined = schemaType(options.schema);
  const format = formatOf<T>(NAME, {
    format: options.format,
    type,
    csv: options.csv,
    encoding: options.encoding,
  });
  const enumeratorOptions = {
    connector: NAME,
    paths,
    recursive: options.recursive ?? true,
    watch,
    compression: options.compression ?? "auto",
    splittable: format.splittable,
    splitSize: options.splitSize ?? DEFAULT_SPLIT_SIZE,
  };
  const fetcherOptions = {
    connector: NAME,
    format,
    maxRecordSize: options.maxRecordSize ?? DEFAULT_MAX_RECORD,
  };
  return {
    name: NAME,
    boundedness: watch === undefined ? "bounded" : "unbounded",
    type: format.type,
    checksRecords: true,
    guarantee: "exactly-once",
    // Whoever watches for files finds those of another path, too.
    input: watch === undefined ? { path: paths.join(", ") } : undefined,
    createEnumerator: (context, restored) => new FileEnumerator(context, enumeratorOptions, restored),
    createReader: (context) =>
      new BufferedSourceReader(context, {
        name: NAME,
        order: (a, b) => a.order - b.order,
        open: (split) => new FileFetcher(context, fetcherOptions, split),
      }),
  };
}

/** The options of all kinds together, as a program in JavaScript may mix them. */
interface AnyFileSourceOptions<T> extends FileSourceCommon {
  readonly format: FormatName | FileFormat<T>;
  readonly schema?: TypeLike<T> | undefined;
  readonly csv?: CsvOptions | undefined;
}

const OPTIONS = [
  "path",
  "format",
  "schema",
  "csv",
  "recursive",
  "watch",
  "compression",
  "splitSize",
  "maxRecordSize",
  "encoding",
] as const;

function pathsOf(path: FileSourceCommon["path"]): readonly string[] {
  const paths = (Array.isArray(path) ? path : [path]) as readonly (string | URL)[];
  const valid =
    paths.length > 0 && paths.every((p) => p instanceof URL || (typeof p === "string" && p !== ""));
  requireOption(valid, NAME, "path", "a path, a glob, or several", path);
  return paths.map((p) => (p instanceof URL ? fileURLToPath(p) : p));
}

function watchOf(watch: FileSourceCommon["watch"]): FileWatch | undefined {
  if (watch === undefined || watch === false) return undefined;
  const { interval = DEFAULT_INTERVAL, settle = 0 } = watch === true ? {} : watch;
  requirePositive(NAME, "watch.interval", interval);
  requireOption(
    Number.isFinite(settle) && settle >= 0,
    NAME,
    "watch.settle",
    "a number of ms from 0 up",
    settle,
  );
  return { interval, settle };
}
