/*
 * The surface that records programs. The package's root exports it together with the connectors, which it hands to
 * environments and jobs.
 */
export type { BuiltinConnectors, GeneratorOptions } from "./builtin-connectors.ts";
export {
  StreamExecutionEnvironment,
  type EnvironmentParts,
  type SourceOptions,
} from "./environment/stream-execution-environment.ts";
export type {
  CheckpointStatistics,
  CheckpointSummary,
  JobClient,
  JobExecutor,
  JobResult,
  StopOptions,
  SubmitOptions,
  SubtaskMetrics,
} from "./executor.ts";
export type { AsyncArgument, AsyncObject } from "./functions/async-argument.ts";
export type { Emitted, EmittedBy, NotDeclared } from "./functions/emitted.ts";
export type { Flatten, KeyField, KeyFieldProblem, NumericField, OrderedField } from "./functions/fields.ts";
export type {
  BroadcastProcessDefinition,
  CoProcessDefinition,
  EmittingFunction,
  KeyedBroadcastProcessDefinition,
  KeyedCoProcessDefinition,
  KeyedProcessDefinition,
  ProcessDefinition,
} from "./functions/process-definitions.ts";
export type {
  ProcessWindowDefinition,
  WindowReduceOptions,
  WindowResult,
} from "./functions/window-definitions.ts";
export {
  arg,
  type ArgContext,
  type ArgSpec,
  type ArgSpecs,
  type ArgValue,
  type ArgValues,
} from "./job/arg.ts";
export { defineJob, type JobBuilder, type JobDefinition, type JobOptions } from "./job/define-job.ts";
export type { CollectedRecords } from "./streams/collected-records.ts";
export type { DeadLetter, PoisonRecordPolicy } from "./streams/dead-letter.ts";
export type { DataStreamSink, OperatorSettings } from "./streams/operator-settings.ts";
export type {
  AcceptingSink,
  AllWindowedStream,
  AnyStream,
  BoundedIntervalJoin,
  BroadcastConnectedStream,
  BroadcastStream,
  CoGroupedStreams,
  CoGroupedWindows,
  ConnectedStreams,
  DataStream,
  FieldAggregates,
  IntervalJoin,
  IntervalJoinContext,
  JoinedStreams,
  JoinedWindows,
  JoinRecord,
  JoinWindowSettings,
  KeyedBroadcastConnectedStream,
  KeyedConnectedStreams,
  KeyedStream,
  SideOutputs,
  SingleOutputStreamOperator,
  WindowedStream,
} from "./streams/streams.ts";
