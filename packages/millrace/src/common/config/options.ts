import {
  booleanOption,
  durationOption,
  integerOption,
  memoryOption,
  stringOption,
  type ConfigOption,
} from "./config-option.ts";

/*
 * Every option there is, by the names that Flink's users know where the meaning is Flink's.
 */

/** Parallelism of operators that have none of their own. */
export const PARALLELISM = integerOption("parallelism.default", {
  description:
    "Parallelism of operators that have none of their own. Default: inline 1, else one for each core of the machine.",
  min: 1,
  max: 32_768,
});

/** Number of key groups. */
export const MAX_PARALLELISM = integerOption("pipeline.max-parallelism", {
  description:
    "Number of key groups, which bounds the parallelism of keyed operators for the life of their state. Default: 1.5 times the parallelism, rounded up to a power of two, from 128 to 32768.",
  min: 1,
  max: 32_768,
});

/** Name of the job. */
export const JOB_NAME = stringOption("pipeline.name", {
  description: "Name of the job in logs and metrics. Default: what the program says.",
});

/** Interval of periodic watermarks. */
export const AUTO_WATERMARK_INTERVAL = durationOption("pipeline.auto-watermark-interval", {
  defaultValue: 200,
  description: "How often watermark generators are asked for a watermark. 0 asks them after every record.",
});

/** Whether operators are chained into tasks. */
export const OPERATOR_CHAINING = booleanOption("pipeline.operator-chaining.enabled", {
  defaultValue: true,
  description:
    "Whether operators that need no shuffle between them run in one task. Off, each runs in its own: for debugging.",
});

/** Whether chains run as generated code. */
export const COMPILED_CHAINS = booleanOption("pipeline.compiled-chains", {
  defaultValue: true,
  description:
    "Whether chains run as generated functions. Off, they run as linked objects, slower, with the same results.",
});

/** Whether records are frozen. */
export const OBJECT_FREEZE = booleanOption("pipeline.object-freeze", {
  defaultValue: false,
  description:
    "Whether records are deeply frozen on their way between operators, so that functions that change them fail. For tests.",
});

/** How long a partly filled frame may wait. */
export const BUFFER_TIMEOUT = durationOption("execution.buffer-timeout.interval", {
  defaultValue: 100,
  description:
    "How long a partly filled frame waits for more records at most. Frames leave earlier when the receiver has nothing to do.",
});

/** How long tasks may take to let go when they are cancelled. */
export const CANCELLATION_TIMEOUT = durationOption("task.cancellation.timeout", {
  defaultValue: 30_000,
  description:
    "How long tasks may take to close when their job is cancelled or fails. After it their slots are ended. 0 waits for ever.",
});

/** Memory for frames between slots. */
export const NETWORK_MEMORY = memoryOption("taskmanager.network.memory", {
  defaultValue: 4 * 1024 * 1024,
  description: "Memory of each slot for frames that arrive from other slots.",
  min: 64 * 1024,
});

/** All options, in the order of the documentation. */
export const OPTIONS = Object.freeze([
  PARALLELISM,
  MAX_PARALLELISM,
  JOB_NAME,
  AUTO_WATERMARK_INTERVAL,
  OPERATOR_CHAINING,
  COMPILED_CHAINS,
  OBJECT_FREEZE,
  BUFFER_TIMEOUT,
  CANCELLATION_TIMEOUT,
  NETWORK_MEMORY,
] as const);

type AnyOption = (typeof OPTIONS)[number];
type ValueOf<O> = O extends ConfigOption<string, infer T> ? T : never;

/**
 * Settings by key, as programs give them: numbers are milliseconds and bytes; texts are read as on the command line.
 *
 * @example `env.configure({ "pipeline.auto-watermark-interval": "50 ms", "parallelism.default": 4 })`
 */
export type ConfigValues = {
  readonly [O in AnyOption as O["key"]]?:
    | ValueOf<O>
    | (O["kind"] extends "duration" | "memory" ? string : never);
};
