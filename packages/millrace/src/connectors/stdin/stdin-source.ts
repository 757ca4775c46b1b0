import type { TypeLike } from "../../common/types/type-like.ts";
import { refuseUnknownOptions } from "../base/options.ts";
import type { CsvOptions } from "../formats/csv-format.ts";
import type { FileFormat } from "../formats/file-format.ts";
import { StdinStream } from "./stdin-stream.ts";
import {
  streamFormat,
  streamSource,
  type StreamFormatOptions,
  type StreamSource,
  type StreamSourceCommon,
} from "./stream-source.ts";

const NAME = "standard input";

/**
 * Reads standard input until it ends: lines of text (default), JSON lines, CSV, or a format of one's own; see `fileSource` for
 * what they mean. Read by one subtask; at-most-once: what was read before a failure does not come again. Reading goes on with the first
 * whole line behind it; a header row does not come again, so a CSV that has one can't be read on.
 *
 * @throws MillraceError INVALID_OPTION, UNKNOWN_OPTION, INVALID_TYPE
 * @example
 * ```ts
 * // tail -f access.log | millrace run job.ts
 * env.fromSource(stdinSource(), WatermarkStrategy.noWatermarks(), "log")
 * env.fromSource(stdinSource({ format: "jsonl", schema: Click }), WatermarkStrategy.noWatermarks(), "clicks")
 * ```
 */
export function stdinSource(
  options?: StreamSourceCommon & { readonly format?: "lines" },
): StreamSource<string>;
export function stdinSource<T>(
  options: StreamSourceCommon & { readonly format: "jsonl"; readonly schema: TypeLike<T> },
): StreamSource<T>;
export function stdinSource(
  options: StreamSourceCommon & { readonly format: "jsonl" },
): StreamSource<unknown>;
export function stdinSource<T>(
  options: StreamSourceCommon & {
    readonly format: "csv";
    readonly schema: TypeLike<T>;
    readonly csv?: CsvOptions;
  },
): StreamSource<T>;
export function stdinSource(
  options: StreamSourceCommon & { readonly format: "csv"; readonly csv?: CsvOptions },
): StreamSource<Record<string, string>>;
export function stdinSource<T>(
  options: StreamSourceCommon & { readonly format: FileFormat<T> },
): StreamSource<T>;
export function stdinSource<T>(options: StreamFormatOptions<T> = {}): StreamSource<T> {
  refuseUnknownOptions(NAME, options, ["format", "schema", "csv", "encoding", "maxRecordSize"]);
  return streamSource({
    name: NAME,
    location: NAME,
    format: streamFormat(NAME, options),
    maxRecordSize: options.maxRecordSize,
    goesOn: true,
    open: (context) => new StdinStream(context.openStdin()),
  });
}
