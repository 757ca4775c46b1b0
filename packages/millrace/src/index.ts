/*
 * Millrace: a native stream processor for TypeScript. Everything a program needs stands here; what tests need stands in
 * `millrace/testing`.
 */
export * from "./api/index.ts";
export { job, type JobModuleMeta } from "./root/job.ts";
export { run, start, type RunOptions } from "./root/run.ts";
export { createEnvironment, type EnvironmentOptions } from "./root/create-environment.ts";
export { Types } from "./common/types/types.ts";
export { WatermarkStrategy } from "./common/watermarks/watermark-strategy.ts";
export { TumblingEventTimeWindows } from "./common/windows/tumbling-windows.ts";
export { sequenceSource } from "./connectors/generator/sequence-source.ts";
export { nexmarkSource } from "./connectors/nexmark/nexmark-source.ts";
