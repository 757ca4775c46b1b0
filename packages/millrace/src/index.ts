/*
 * Millrace: a native stream processor for TypeScript. Everything a program needs stands here; what tests need stands in
 * `millrace/testing`.
 */

// Programs, and running them.
export * from "./api/index.ts";
export { createEnvironment, type EnvironmentOptions } from "./root/create-environment.ts";
export { job, type JobModuleMeta } from "./root/job.ts";
export { run, start, type RestoreOptions, type RunOptions } from "./root/run.ts";
export type { ConfigValues } from "./common/config/options.ts";
export type { JobProgram } from "./graph/stream/job-program.ts";
export type { StandardStreams } from "./cluster/job-manager/job-master/standard-streams.ts";

// Types of records and keys.
export { Types } from "./common/types/types.ts";
export { toTypeInfo, type TypeLike } from "./common/types/type-like.ts";
export { validateValue, type ValueIssue } from "./common/types/validate-value.ts";
export { describeType } from "./common/types/describe-type.ts";
export type { CustomCodec, TypeInfo, TypeOf } from "./common/types/type-info.ts";
export type { FieldDescription, TypeDescription } from "./common/types/type-description.ts";
export type { Infer } from "./common/types/infer-types.ts";
export type { CheckedKey, KeyType } from "./common/keys/key-type.ts";

// Time.
export { days, hours, milliseconds, minutes, seconds, type Duration } from "./common/time/durations.ts";
export { MAX_WATERMARK, MIN_WATERMARK, NO_TIMESTAMP, type Timestamp } from "./common/time/timestamps.ts";
export {
  WatermarkStrategy,
  type WatermarkAlignment,
  type WatermarkGenerator,
  type WatermarkOutput,
} from "./common/watermarks/watermark-strategy.ts";
export type { Clock, ClockTimer } from "./common/clock/clock.ts";

// Functions.
export { perSubtask, type PerSubtask } from "./common/functions/per-subtask.ts";
export type {
  Collector,
  FilterFunction,
  FlatMapFunction,
  KeySelector,
  MapFunction,
  PartitionFunction,
  Predicate,
  ReduceFunction,
  RichFilterFunction,
  RichFlatMapFunction,
  RichMapFunction,
  Sync,
  TimestampAssigner,
} from "./common/functions/functions.ts";
export type {
  AsyncContext,
  AsyncFunction,
  AsyncOptions,
  AsyncRetryStrategy,
  RichAsyncFunction,
} from "./common/functions/async-functions.ts";
export type {
  BaseProcessContext,
  BroadcastHandles,
  BroadcastRecord,
  KeyedProcessContext,
  OnTimerContext,
  OutputRecord,
  ProcessContext,
  ReadonlyBroadcastHandles,
  StateHandles,
  StateRecord,
  TimerService,
} from "./common/functions/process-functions.ts";
export type {
  CheckpointedFunction,
  FunctionInitializationContext,
  RichFunction,
  RuntimeContext,
} from "./common/functions/runtime-context.ts";
export type { Counter, Gauge, Histogram, Meter, MetricGroup } from "./common/metrics/metrics.ts";

// Side outputs.
export { outputTag } from "./common/outputs/create-output-tag.ts";
export type { OutputTag } from "./common/outputs/output-tag.ts";

// State and aggregates.
export {
  aggregatingState,
  listState,
  mapState,
  reducingState,
  valueState,
  type DefaultedValueStateDescriptor,
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
export type {
  AggregateBuilder,
  Aggregation,
  AggregationResult,
  AggregationSpec,
} from "./common/aggregates/aggregation.ts";

// Windows.
export {
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
} from "./common/windows/tumbling-windows.ts";
export { SlidingEventTimeWindows, SlidingProcessingTimeWindows } from "./common/windows/sliding-windows.ts";
export { EventTimeSessionWindows, ProcessingTimeSessionWindows } from "./common/windows/session-windows.ts";
export { GlobalWindows } from "./common/windows/global-windows.ts";
export { EventTimeTrigger } from "./common/windows/event-time-trigger.ts";
export { ProcessingTimeTrigger } from "./common/windows/processing-time-trigger.ts";
export { CountTrigger } from "./common/windows/count-trigger.ts";
export { ContinuousEventTimeTrigger } from "./common/windows/continuous-event-time-trigger.ts";
export { ContinuousProcessingTimeTrigger } from "./common/windows/continuous-processing-time-trigger.ts";
export { PurgingTrigger } from "./common/windows/purging-trigger.ts";
export { DeltaTrigger } from "./common/windows/delta-trigger.ts";
export { EndOfStreamTrigger } from "./common/windows/end-of-stream-trigger.ts";
export { NeverTrigger } from "./common/windows/never-trigger.ts";
export { CountEvictor } from "./common/windows/count-evictor.ts";
export { DeltaEvictor } from "./common/windows/delta-evictor.ts";
export { TimeEvictor } from "./common/windows/time-evictor.ts";
export type {
  Evictor,
  OnMergeContext,
  TimestampedValue,
  Trigger,
  TriggerContext,
  TriggerResult,
} from "./common/windows/trigger.ts";
export type { TimeDomain, WindowAssigner, WindowShape } from "./common/windows/window-assigner.ts";
export type {
  ProcessWindowFunction,
  WindowProcessContext,
  WindowResultFunction,
} from "./common/windows/window-functions.ts";
export {
  maxTimestamp,
  timeWindow,
  type GlobalWindow,
  type TimeWindow,
  type Window,
} from "./common/windows/window.ts";

// Sources and sinks.
export * from "./connectors/index.ts";
export {
  PollStatus,
  type ByteInput,
  type MalformedRecord,
  type ReaderOutput,
  type Source,
  type SourceGuarantee,
  type SourceReader,
  type SourceReaderContext,
  type SourceSplit,
  type SplitEnumerator,
  type SplitEnumeratorContext,
} from "./common/connector/source.ts";
export type {
  CommitResult,
  Committer,
  CommitterContext,
  Sink,
  SinkGuarantee,
  SinkRecordContext,
  SinkWriter,
  SinkWriterContext,
} from "./common/connector/sink.ts";

// Errors.
export { MillraceError, type ErrorCode, type MillraceErrorOptions } from "./common/errors/millrace-error.ts";
