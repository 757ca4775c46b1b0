// Sources.
export { asyncIterableSource, type AsyncIterableSourceOptions } from "./items/async-iterable-source.ts";
export {
  createSource,
  type CreateSourceOptions,
  type CustomSource,
  type ReadContext,
} from "./custom/create-source.ts";
export type { CustomSplit, ReadItem } from "./custom/custom-split.ts";
export {
  malformedRecord,
  sourceRecord,
  type MalformedItem,
  type SourceRecord,
} from "./custom/source-record.ts";
export {
  fileSource,
  type CsvSourceOptions,
  type CustomFileSourceOptions,
  type FileSource,
  type FileSourceCommon,
  type JsonLinesSourceOptions,
  type LinesSourceOptions,
} from "./files/file-source.ts";
export type { FileEnumeratorState } from "./files/file-enumerator.ts";
export type { FileCompression, FileSplit } from "./files/file-split.ts";
export { generatorSource, type GeneratorSourceOptions } from "./generator/generator-source.ts";
export type { IndexSplit } from "./generator/index-split.ts";
export { sequenceSource } from "./generator/sequence-source.ts";
export { socketSource, type SocketSourceCommon } from "./socket/socket-source.ts";
export type { ReconnectOptions } from "./socket/reconnect-policy.ts";
export { stdinSource } from "./stdin/stdin-source.ts";
export type { StreamSource, StreamSourceCommon } from "./stdin/stream-source.ts";
export { itemsSource, type ItemsSplit } from "./items/items-source.ts";
export { nexmarkSource, type NexmarkSource, type NexmarkSourceOptions } from "./nexmark/nexmark-source.ts";
export type { NexmarkOptions } from "./nexmark/nexmark-options.ts";
export {
  Auction as NexmarkAuction,
  Bid as NexmarkBid,
  NexmarkEvent,
  Person as NexmarkPerson,
} from "./nexmark/nexmark-types.ts";
export { writeNexmark } from "./nexmark/write-nexmark.ts";

// Sinks.
export { collectSink } from "./collect/collect-sink.ts";
export { createSink } from "./custom/create-sink.ts";
export type { CreateSinkOptions, CustomSinkContext } from "./custom/create-sink-options.ts";
export { discardSink } from "./discard/discard-sink.ts";
export {
  fileSink,
  type CsvSinkOptions,
  type CustomFileSinkOptions,
  type FileSink,
  type FileSinkCommon,
  type JsonLinesSinkOptions,
  type LinesSinkOptions,
} from "./file-sink/file-sink.ts";
export type { FileCommittable, FilePartState } from "./file-sink/file-committable.ts";
export type { RollingOptions } from "./file-sink/rolling-policy.ts";
export { printSink, type PrintSinkOptions } from "./print/print-sink.ts";

// Formats.
export type { CsvOptions } from "./formats/csv-format.ts";
export type { CsvEncoderOptions } from "./formats/encoders.ts";
export type {
  DecodedRecords,
  DecoderContext,
  FileFormat,
  RecordDecoder,
  ReportMalformed,
} from "./formats/file-format.ts";
export { lineFormat, type LineFormatOptions } from "./formats/line-format.ts";
export type { PartEncoder, RecordEncoder } from "./formats/record-encoder.ts";

// For sources and sinks of other packages.
export { refuseUnknownOptions } from "./base/options.ts";
export { fileProblem } from "./files/file-problem.ts";
export { listFiles, type FoundFile, type ListOptions } from "./files/list-files.ts";
export { BufferedSourceReader, type BufferedReaderOptions } from "./base/buffered-source-reader.ts";
export { ArrayBatch, type SplitBatch, type SplitFetcher } from "./base/split-batch.ts";
export {
  StaticEnumerator,
  type StaticEnumeratorOptions,
  type StaticEnumeratorState,
} from "./base/static-enumerator.ts";
