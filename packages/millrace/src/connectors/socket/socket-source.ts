import type { TypeLike } from "../../common/types/type-like.ts";
import { refuseUnknownOptions, requireOption } from "../base/options.ts";
import type { CsvOptions } from "../formats/csv-format.ts";
import type { FileFormat } from "../formats/file-format.ts";
import { linesFormat } from "../formats/line-format.ts";
import {
  streamFormat,
  streamSource,
  type StreamFormatOptions,
  type StreamSource,
  type StreamSourceCommon,
} from "../stdin/stream-source.ts";
import { reconnectPolicy, type ReconnectOptions } from "./reconnect-policy.ts";
import { SocketStream } from "./socket-stream.ts";

/** What all kinds of socket sources take. */
export interface SocketSourceCommon extends StreamSourceCommon {
  /** Default "localhost". */
  readonly host?: string | undefined;
  readonly port: number;
  /**
   * Whether to connect again when the connection fails or ends; `true` for the defaults. A record cut short by it is dropped. Default
   * false: the source ends with the connection, and fails when it fails.
   */
  readonly reconnect?: boolean | ReconnectOptions | undefined;
}

const NAME = "socket source";
const OPTIONS = [
  "host",
  "port",
  "reconnect",
  "delimiter",
  "format",
  "schema",
  "csv",
  "encoding",
  "maxRecordSize",
] as const;

/**
 * Reads what a TCP server sends: lines of text (default), JSON lines, CSV, or a format of one's own. Read by one subtask;
 * at-most-once: what was read before a failure does not come again, unless the server sends it to the new connection.
 *
 * @throws MillraceError INVALID_OPTION, UNKNOWN_OPTION, INVALID_TYPE
 * @example
 * ```ts
 * // nc -lk 9999
 * env.fromSource(socketSource({ port: 9999, reconnect: { attempts: Infinity } }), WatermarkStrategy.noWatermarks(), "words")
 * ```
 */
export function socketSource(
  options: SocketSourceCommon & {
    readonly format?: "lines";
    /** What ends a line; one ASCII character, default a newline. */
    readonly delimiter?: string;
  },
): StreamSource<string>;
export function socketSource<T>(
  options: SocketSourceCommon & { readonly format: "jsonl"; readonly schema: TypeLike<T> },
): StreamSource<T>;
export function socketSource(
  options: SocketSourceCommon & { readonly format: "jsonl" },
): StreamSource<unknown>;
export function socketSource<T>(
  options: SocketSourceCommon & {
    readonly format: "csv";
    readonly schema: TypeLike<T>;
    readonly csv?: CsvOptions;
  },
): StreamSource<T>;
export function socketSource(
  options: SocketSourceCommon & { readonly format: "csv"; readonly csv?: CsvOptions },
): StreamSource<Record<string, string>>;
export function socketSource<T>(
  options: SocketSourceCommon & { readonly format: FileFormat<T> },
): StreamSource<T>;
export function socketSource<T>(
  options: StreamFormatOptions<T> & SocketSourceCommon & { readonly delimiter?: string },
): StreamSource<T> {
  refuseUnknownOptions(NAME, options, OPTIONS);
  const { host = "localhost", port, reconnect = false, delimiter } = options;
  requireOption(typeof host === "string" && host !== "", NAME, "host", "a host's name or address", host);
  requireOption(Number.isInteger(port) && port >= 1 && port <= 65_535, NAME, "port", "1 to 65535", port);
  const policy = reconnect === false ? undefined : reconnectPolicy(NAME, reconnect === true ? {} : reconnect);
  return streamSource({
    name: NAME,
    location: `${host}:${port}`,
    format: delimiter === undefined ? streamFormat(NAME, options) : delimited(delimiter, options),
    maxRecordSize: options.maxRecordSize,
    goesOn: false,
    open: (context) => new SocketStream({ host, port }, policy, context.clock),
  });
}

function delimited<T>(delimiter: string, options: StreamFormatOptions<T>): FileFormat<T> {
  const { format = "lines", encoding } = options;
  requireOption(format === "lines", NAME, "delimiter", `format "lines" beside it`, delimiter);
  requireOption(/^[\x00-\x7f]$/u.test(delimiter), NAME, "delimiter", "one ASCII character", delimiter);
  // The overloads make T string here.
  return linesFormat(encoding, delimiter) as FileFormat<unknown> as FileFormat<T>;
}
