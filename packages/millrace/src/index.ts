/*
 * Millrace: a native stream processor for TypeScript. Everything a program needs stands here; what tests need stands in
 * `millrace/testing`.
 */

// Programs
export * from "./api/index.ts";
export { createEnvironment, type EnvironmentOptions } from "./root/create-environment.ts";
export { job, type JobModuleMeta } from "./root/job.ts";
export { run, start, type RunOptions } from "./root/run.ts";
export type { Config } from "./common/config/configuration.ts";
export type { ConfigValues } from "./common/config/options.ts";
export { MillraceError, type ErrorCode, type MillraceErrorOptions } from "./common/errors/millrace-error.ts";

// Time
export { days, hours, milliseconds, minutes, seconds, type Duration } from "./common/time/durations.ts";
export { MAX_WATERMARK, MIN_WATERMARK, NO_TIMESTAMP, type Timestamp } from "./common/time/timestamps.ts";
export {
  WatermarkStrategy,
  type WatermarkAlignment,
  type WatermarkGenerator,
  type WatermarkOutput,
} from "./common/watermarks/watermark-strategy.ts";
export type { Clock } from "./common/clock/clock.ts";

// Types
export { Types } from "./common/types/types.ts";
export type { AnyType, Infer } from "./common/types/infer-types.ts";
export type { CustomCodec, TypeInfo, TypeOf, ValidationResult } from "./common/types/type-info.ts";
export type { TypeLike } from "./common/types/type-like.ts";

// Functions
export type {
  AsyncContext,
  AsyncFunction,
  AsyncOptions,
  AsyncRetryStrategy,
  RichAsyncFunction,
} from "./common/functions/async-functions.ts";
export type {
  Collector,
  FilterFunction,
  FlatMapFunction,
  KeySelector,
  MapFunction,
  PartitionFunction,
  ReduceFunction,
  RichFilterFunction,
  RichFlatMapFunction,
  RichMapFunction,
  Sync,
  TimestampAssigner,
} from "./common/functions/functions.ts";
export { perSubtask, type PerSubtask } from "./common/functions/per-subtask.ts";
export type {
  BroadcastProcessFunction,
  CoProcessFunction,
  KeyedBroadcastProcessFunction,
  KeyedCoProcessFunction,
  KeyedProcessContext,
  KeyedProcessFunction,
  OnTimerContext,
  ProcessContext,
  ProcessFunction,
  TimerService,
} from "./common/functions/process-functions.ts";
export type {
  CheckpointedFunction,
  FunctionInitializationContext,
  RichFunction,
  RuntimeContext,
} from "./common/functions/runtime-context.ts";
export type { Counter, Gauge, Histogram, Meter, MetricGroup } from "./common/metrics/metrics.ts";
export { outputTag } from "./common/outputs/create-output-tag.ts";
export type { OutputTag } from "./common/outputs/output-tag.ts";

// State
export {
  aggregatingState,
  listState,
  mapState,
  reducingState,
  valueState,
  type ValueStateOptions,
} from "./common/state/descriptors.ts";
export type {
  AggregateFunction,
  AggregatingState,
  AggregatingStateDescriptor,
  BroadcastState,
  ListState,
  ListStateDescriptor,
  MapState,
  MapStateDescriptor,
  ReadonlyBroadcastState,
  ReadonlyState,
  ReducingState,
  ReducingStateDescriptor,
  StateDescriptor,
  StateHandle,
  StateOptions,
  StateTtl,
  ValueState,
  ValueStateDescriptor,
  ValueStateWithDefault,
} from "./common/state/state.ts";
export { aggregateOf } from "./common/aggregates/aggregate-of.ts";
export type {
  AggregateBuilder,
  Aggregation,
  AggregationResult,
  AggregationSpec,
} from "./common/aggregates/aggregation.ts";

// Windows
export {
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
} from "./common/windows/tumbling-windows.ts";
export { SlidingEventTimeWindows, SlidingProcessingTimeWindows } from "./common/windows/sliding-windows.ts";
export {
  EventTimeSessionWindows,
  ProcessingTimeSessionWindows,
  type SessionGap,
} from "./common/windows/session-windows.ts";
export { GlobalWindows } from "./common/windows/global-windows.ts";
export { ContinuousEventTimeTrigger } from "./common/windows/continuous-event-time-trigger.ts";
export { ContinuousProcessingTimeTrigger } from "./common/windows/continuous-processing-time-trigger.ts";
export { CountTrigger } from "./common/windows/count-trigger.ts";
export { DeltaTrigger, type DeltaFunction } from "./common/windows/delta-trigger.ts";
export { EndOfStreamTrigger } from "./common/windows/end-of-stream-trigger.ts";
export { EventTimeTrigger } from "./common/windows/event-time-trigger.ts";
export { NeverTrigger } from "./common/windows/never-trigger.ts";
export { ProcessingTimeTrigger } from "./common/windows/processing-time-trigger.ts";
export { PurgingTrigger } from "./common/windows/purging-trigger.ts";
export { CountEvictor } from "./common/windows/count-evictor.ts";
export { DeltaEvictor } from "./common/windows/delta-evictor.ts";
export { TimeEvictor } from "./common/windows/time-evictor.ts";
export type { EvictorOptions } from "./common/windows/evictor-options.ts";
export type {
  Evictor,
  OnMergeContext,
  TimestampedValue,
  Trigger,
  TriggerContext,
  TriggerResult,
} from "./common/windows/trigger.ts";
export type { TimeDomain, WindowAssigner, WindowShape } from "./common/windows/window-assigner.ts";
export type { WindowProcessContext } from "./common/windows/window-functions.ts";
export {
  maxTimestamp,
  timeWindow,
  type GlobalWindow,
  type TimeWindow,
  type Window,
} from "./common/windows/window.ts";

// Sources
export { PollStatus } from "./common/connector/source.ts";
export type {
  ByteInput,
  MalformedRecord,
  ReaderOutput,
  Source,
  SourceGuarantee,
  SourceReader,
  SourceReaderContext,
  SourceSplit,
  SplitEnumerator,
  SplitEnumeratorContext,
} from "./common/connector/source.ts";
export {
  createSource,
  type CreateSourceOptions,
  type ReadContext,
} from "./connectors/custom/create-source.ts";
export { malformedRecord, sourceRecord } from "./connectors/custom/source-record.ts";
export {
  fileSource,
  type CsvSourceOptions,
  type CustomFileSourceOptions,
  type FileSource,
  type FileSourceCommon,
  type JsonLinesSourceOptions,
  type LinesSourceOptions,
} from "./connectors/files/file-source.ts";
export { lineFormat, type LineFormatOptions } from "./connectors/formats/line-format.ts";
export type {
  DecodedRecords,
  DecoderContext,
  FileFormat,
  RecordDecoder,
  ReportMalformed,
} from "./connectors/formats/file-format.ts";
export type { CsvOptions } from "./connectors/formats/csv-format.ts";
export { generatorSource, type GeneratorSourceOptions } from "./connectors/generator/generator-source.ts";
export { sequenceSource } from "./connectors/generator/sequence-source.ts";
export {
  asyncIterableSource,
  type AsyncIterableSourceOptions,
} from "./connectors/items/async-iterable-source.ts";
export { itemsSource } from "./connectors/items/items-source.ts";
export { nexmarkSource, type NexmarkSourceOptions } from "./connectors/nexmark/nexmark-source.ts";
export type { NexmarkOptions } from "./connectors/nexmark/nexmark-options.ts";
export { NexmarkEvent } from "./connectors/nexmark/nexmark-types.ts";

// Sinks
export type {
  Committer,
  CommitResult,
  CommitterContext,
  Sink,
  SinkGuarantee,
  SinkRecordContext,
  SinkWriter,
  SinkWriterContext,
} from "./common/connector/sink.ts";
export { collectSink } from "./connectors/collect/collect-sink.ts";
export { discardSink } from "./connectors/discard/discard-sink.ts";
export {
  fileSink,
  type CsvSinkOptions,
  type CustomFileSinkOptions,
  type FileSink,
  type FileSinkCommon,
  type JsonLinesSinkOptions,
  type LinesSinkOptions,
} from "./connectors/file-sink/file-sink.ts";
export type { RollingOptions } from "./connectors/file-sink/rolling-policy.ts";
export type { CsvEncoderOptions } from "./connectors/formats/encoders.ts";
export type { PartEncoder, RecordEncoder } from "./connectors/formats/record-encoder.ts";
export { printSink, type PrintSinkOptions } from "./connectors/print/print-sink.ts";
