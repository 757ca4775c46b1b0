import type { Source, SourceReaderContext, SourceSplit } from "../../common/connector/source.ts";
import type { TypeInfo } from "../../common/types/type-info.ts";
import type { TypeLike } from "../../common/types/type-like.ts";
import { BufferedSourceReader } from "../base/buffered-source-reader.ts";
import { requireCount } from "../base/options.ts";
import { schemaType } from "../base/schema.ts";
import { StaticEnumerator, type StaticEnumeratorState } from "../base/static-enumerator.ts";
import type { CsvOptions } from "../formats/csv-format.ts";
import type { FileFormat } from "../formats/file-format.ts";
import { formatOf, type FormatName } from "../formats/format-of.ts";
import type { TextEncoding } from "../formats/text-encoding.ts";
import type { ByteStream } from "./byte-stream.ts";
import { StreamFetcher } from "./stream-fetcher.ts";

/** What sources of streams take. */
export interface StreamSourceCommon {
  /** The longest record, bytes; default 16 MiB. A longer one fails the source. */
  readonly maxRecordSize?: number | undefined;
  /** Of "lines" and "csv"; default "utf-8". JSON is always UTF-8. */
  readonly encoding?: TextEncoding | undefined;
}

/** The choice of a format, as all its kinds together. */
export interface StreamFormatOptions<T> extends StreamSourceCommon {
  readonly format?: FormatName | FileFormat<T> | undefined;
  readonly schema?: TypeLike<T> | undefined;
  readonly csv?: CsvOptions | undefined;
}

/** A source that is read once, by one reader. */
export type StreamSource<T> = Source<T, SourceSplit, StaticEnumeratorState<SourceSplit>>;

/** How a stream source is made. */
export interface StreamSourceParts<T> {
  /** For messages and the operator's default name. */
  readonly name: string;
  /** For messages about records. */
  readonly location: string;
  readonly format: FileFormat<T>;
  readonly maxRecordSize: number | undefined;
  /** Whether a later attempt of the job goes on in the middle of what an earlier one had begun to read. */
  readonly goesOn: boolean;
  open(context: SourceReaderContext): ByteStream;
}

const DEFAULT_MAX_RECORD = 16 * 1024 * 1024;

/** The format of a stream; "lines" where none is named. @throws MillraceError INVALID_OPTION, INVALID_TYPE */
export function streamFormat<T>(name: string, options: StreamFormatOptions<T>): FileFormat<T> {
  requireCount(name, "maxRecordSize", options.maxRecordSize, 1);
  const type: TypeInfo<T> | undefined = schemaType(options.schema);
  return formatOf(name, {
    format: options.format ?? "lines",
    type,
    csv: options.csv,
    encoding: options.encoding,
  });
}

/** A source of one split that can't be read again. */
export function streamSource<T>(parts: StreamSourceParts<T>): StreamSource<T> {
  const { name, location, format, goesOn } = parts;
  const maxRecordSize = parts.maxRecordSize ?? DEFAULT_MAX_RECORD;
  return {
    name,
    boundedness: "unbounded",
    type: format.type,
    checksRecords: true,
    guarantee: "at-most-once",
    maxParallelism: 1,
    createEnumerator: (context, restored) =>
      new StaticEnumerator(context, { name, discover: () => [{ splitId: location }] }, restored),
    createReader: (context) =>
      new BufferedSourceReader(context, {
        name,
        open: (split) => {
          const resumed = goesOn && context.runtime.attempt > 0;
          return new StreamFetcher(parts.open(context), { format, location, maxRecordSize, resumed }, split);
        },
      }),
  };
}
