import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Sink } from "../../common/connector/sink.ts";
import type { Timestamp } from "../../common/time/timestamps.ts";
import { refuseUnknownOptions, requireCount, requireOption } from "../base/options.ts";
import { csvEncoder, jsonLinesEncoder, linesEncoder, type CsvEncoderOptions } from "../formats/encoders.ts";
import type { RecordEncoder } from "../formats/record-encoder.ts";
import type { FileCommittable, FilePartState } from "./file-committable.ts";
import { diskParts } from "./disk-parts.ts";
import { FileCommitter } from "./file-committer.ts";
import { FileSinkWriter } from "./file-sink-writer.ts";
import type { PartStorage } from "./part-storage.ts";
import { rollingPolicy, type RollingOptions } from "./rolling-policy.ts";

/** What all kinds of file sinks take. */
export interface FileSinkCommon<T> {
  /** The directory that parts are written into; made where it is missing. */
  readonly path: string | URL;
  /**
   * The directory of a record below `path`, e.g. `"2001-12-31"` or `"SEA/2001"`; `timestamp` is the record's event time, -Infinity
   * where it has none. Default: all in `path` itself. It can't leave `path`.
   */
  readonly bucket?: ((value: T, timestamp: Timestamp) => string) | undefined;
  /** When a part is complete. */
  readonly rolling?: RollingOptions | undefined;
  /** "gzip" compresses parts; default none. */
  readonly compression?: "gzip" | "none" | undefined;
  /** What names of parts begin with; default "part". */
  readonly partPrefix?: string | undefined;
  /** What names of parts end with; default the format's, e.g. ".jsonl" or ".jsonl.gz". */
  readonly partSuffix?: string | undefined;
  /** How many parts one subtask has open at a time; one more completes the one that rested longest. Default 256. */
  readonly maxOpenParts?: number | undefined;
}

/** Each record, text, is a line. */
export interface LinesSinkOptions<T extends string = string> extends FileSinkCommon<T> {
  readonly format: "lines";
}

/** Each record is a line of JSON. */
export interface JsonLinesSinkOptions<T> extends FileSinkCommon<T> {
  readonly format: "jsonl";
}

/** Comma-separated values. */
export interface CsvSinkOptions<T> extends FileSinkCommon<T> {
  readonly format: "csv";
  readonly csv?: CsvEncoderOptions | undefined;
}

/** A format of one's own. */
export interface CustomFileSinkOptions<T> extends FileSinkCommon<T> {
  readonly format: RecordEncoder<T>;
}

/** A sink of files. */
export type FileSink<T> = Sink<T, FileCommittable, FilePartState>;

const NAME = "file sink";

/**
 * Writes records into part files of a directory: text lines, JSON lines, CSV, or a format of one's own. Exactly-once with
 * checkpoints.
 *
 * A part is written under a hidden name (`.part-<subtask>-<attempt>-<mark>-<n>.inprogress`, the mark standing for the job) until it is
 * complete (see `rolling`; savepoints complete all parts). The next checkpoint to complete, or the end of input, gives it its final name
 * (`part-<subtask>-<attempt>-<mark>-<n>.jsonl`), and only then does it count. Names are never used twice: each run adds parts beside
 * those of earlier runs.
 *
 * When a job fails, what no checkpoint holds is removed. What an attempt leaves behind because its process was killed is removed by a
 * later attempt of the same job, with its first checkpoint. Other hidden files belong to checkpoints of other jobs: delete them when
 * none of those will be restored any more.
 *
 * @throws MillraceError INVALID_OPTION, UNKNOWN_OPTION when the program is built; SINK_FAILED when it runs and the directory
 *   can't be written
 * @example
 * ```ts
 * stream.sinkTo(fileSink({
 *   path: "out/delays",
 *   format: "jsonl",
 *   bucket: (_, timestamp) => new Date(timestamp).toISOString().slice(0, 10),
 *   rolling: { maxSize: 64 * 1024 * 1024, maxAge: minutes(10) },
 * }));
 * ```
 */
export function fileSink<T extends string = string>(options: LinesSinkOptions<T>): FileSink<T>;
export function fileSink<T>(options: JsonLinesSinkOptions<T>): FileSink<T>;
export function fileSink<T extends object>(options: CsvSinkOptions<T>): FileSink<T>;
export function fileSink<T>(options: CustomFileSinkOptions<T>): FileSink<T>;
export function fileSink<T>(options: AnyFileSinkOptions<T>): FileSink<T> {
  return fileSinkOn(diskParts, options);
}

/** A file sink on other storage than the disk as it is: for tests that let it fail. */
export function fileSinkOn<T>(storage: PartStorage, options: AnyFileSinkOptions<T>): FileSink<T> {
  refuseUnknownOptions(NAME, options, OPTIONS);
  const { path, bucket, compression = "none", partPrefix = "part", partSuffix = "" } = options;
  requireOption(
    path instanceof URL || (typeof path === "string" && path !== ""),
    NAME,
    "path",
    "a directory",
    path,
  );
  requireOption(bucket === undefined || typeof bucket === "function", NAME, "bucket", "a function", bucket);
  requireOption(
    compression === "gzip" || compression === "none",
    NAME,
    "compression",
    `"gzip" or "none"`,
    compression,
  );
  requireOption(
    /^[^./\\\0_][^/\\\0]*$/u.test(partPrefix),
    NAME,
    "partPrefix",
    "a name that is not hidden",
    partPrefix,
  );
  requireOption(/^[^/\\\0]*$/u.test(partSuffix), NAME, "partSuffix", "the end of a file name", partSuffix);
  requireCount(NAME, "maxOpenParts", options.maxOpenParts, 1);
  const given = {
    encoder: encoderOf(options),
    bucket,
    rolling: rollingPolicy(NAME, options.rolling),
    gzip: compression === "gzip",
    prefix: partPrefix,
    suffix: partSuffix,
    maxOpenParts: options.maxOpenParts ?? 256,
    storage,
  };
  return {
    name: NAME,
    guarantee: "exactly-once",
    createWriter: (context, restored) => {
      const root = resolve(path instanceof URL ? fileURLToPath(path) : path);
      return new FileSinkWriter(context, { ...given, root }, restored);
    },
    createCommitter: ({ runtime }) => new FileCommitter(storage, runtime),
  };
}

/** The options of all kinds together. */
export interface AnyFileSinkOptions<T> extends FileSinkCommon<T> {
  readonly format: "lines" | "jsonl" | "csv" | RecordEncoder<T>;
  readonly csv?: CsvEncoderOptions | undefined;
}

const OPTIONS = [
  "path",
  "format",
  "csv",
  "bucket",
  "rolling",
  "compression",
  "partPrefix",
  "partSuffix",
  "maxOpenParts",
] as const;

function encoderOf<T>({ format, csv }: AnyFileSinkOptions<T>): RecordEncoder<T> {
  requireOption(csv === undefined || format === "csv", NAME, "csv", `format "csv" beside it`, csv);
  switch (format) {
    // The encoders check the records that the overloads promise.
    case "lines":
      return linesEncoder as RecordEncoder<never>;
    case "jsonl":
      return jsonLinesEncoder;
    case "csv":
      return csvEncoder(csv) as RecordEncoder<never>;
    default:
      requireOption(
        typeof format === "object" && format !== null && typeof format.createPart === "function",
        NAME,
        "format",
        `"lines", "jsonl", "csv" or a RecordEncoder`,
        format,
      );
      return format;
  }
}
