import {
  booleanOption,
  choiceOption,
  durationOption,
  fractionOption,
  integerOption,
  memoryOption,
  stringOption,
  type ConfigOption,
} from "./config-option.ts";
import { SCHEDULER_OPTIONS } from "./scheduler-options.ts";

/*
 * Every option there is, by the names that Flink's users know where the meaning is Flink's.
 */

/** Parallelism of operators that have none of their own. */
export const PARALLELISM = integerOption("parallelism.default", {
  description:
    "Parallelism of operators that have none of their own. Default: inline and in a cluster 1, else one for each core of the machine.",
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

/** Packages that an artifact leaves outside. */
export const EXTERNAL_PACKAGES = stringOption("pipeline.external-packages", {
  description:
    "Packages, divided by commas, that a job's artifact leaves outside, because they have compiled code or must not be bundled: they are installed on the JobManager's machine and on every TaskManager's, beside millrace or where the process is started. Read where the job is submitted, from the command line and the client's options, not from the program.",
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

/** How often checkpoints are taken. */
export const CHECKPOINT_INTERVAL = durationOption("execution.checkpointing.interval", {
  description:
    "How often a checkpoint is triggered. Default: no checkpoints are taken, and a job that fails has failed.",
  min: 1,
});

/** What checkpoints promise. */
export const CHECKPOINT_MODE = choiceOption(
  "execution.checkpointing.mode",
  ["EXACTLY_ONCE", "AT_LEAST_ONCE"],
  {
    defaultValue: "EXACTLY_ONCE",
    description:
      "Whether each record counts exactly once in state after a failure, for which tasks wait until the barriers of all their inputs are in, or at least once, without waiting.",
  },
);

/** How long a checkpoint may take. */
export const CHECKPOINT_TIMEOUT = durationOption("execution.checkpointing.timeout", {
  defaultValue: 600_000,
  description: "How long a checkpoint may take before it is given up.",
  min: 1,
});

/** Pause between checkpoints. */
export const CHECKPOINT_MIN_PAUSE = durationOption("execution.checkpointing.min-pause", {
  defaultValue: 0,
  description: "The shortest time between the end of a checkpoint and the trigger of the next.",
});

/** Checkpoints underway. */
export const CHECKPOINT_MAX_CONCURRENT = integerOption("execution.checkpointing.max-concurrent-checkpoints", {
  defaultValue: 1,
  description:
    "How many checkpoints may be underway at a time. Unaligned ones are taken one at a time: with them, more is refused.",
  min: 1,
  max: 100,
});

/** Failures of checkpoints that a job bears. */
export const CHECKPOINT_TOLERABLE_FAILURES = integerOption(
  "execution.checkpointing.tolerable-failed-checkpoints",
  {
    defaultValue: 0,
    description:
      "How many checkpoints may fail one after the other before the job fails. A checkpoint that expires counts as failed.",
  },
);

/** What becomes of checkpoints when the job ends. */
export const CHECKPOINT_RETENTION = choiceOption(
  "execution.checkpointing.externalized-checkpoint-retention",
  ["DELETE_ON_CANCELLATION", "RETAIN_ON_CANCELLATION", "NO_EXTERNALIZED_CHECKPOINTS"],
  {
    defaultValue: "NO_EXTERNALIZED_CHECKPOINTS",
    description:
      "What becomes of the last checkpoints when the job ends without finishing: kept when it fails, or also when it is cancelled, or never.",
  },
);

/** Checkpoints that are kept. */
export const CHECKPOINT_RETAINED = integerOption("execution.checkpointing.num-retained", {
  defaultValue: 1,
  description: "How many completed checkpoints are kept.",
  min: 1,
  max: 1000,
});

/** Whether barriers overtake records. */
export const CHECKPOINT_UNALIGNED = booleanOption("execution.checkpointing.unaligned.enabled", {
  defaultValue: false,
  description:
    "Whether barriers overtake the records on their way, which become part of the checkpoint: quicker under back-pressure, and larger. Only with EXACTLY_ONCE, and one checkpoint at a time: anything else is refused.",
});

/** When aligned checkpoints turn unaligned. */
export const CHECKPOINT_ALIGNED_TIMEOUT = durationOption(
  "execution.checkpointing.aligned-checkpoint-timeout",
  {
    defaultValue: 0,
    description:
      "With unaligned checkpoints: how long a checkpoint tries to align before its barriers overtake. 0: they overtake at once.",
  },
);

/** Checkpoints after tasks have ended. */
export const CHECKPOINT_AFTER_TASKS_FINISH = booleanOption(
  "execution.checkpointing.checkpoints-after-tasks-finish",
  {
    defaultValue: true,
    description: "Whether checkpoints go on when some tasks have finished, as tasks with bounded input do.",
  },
);

/** Whether checkpoints build on earlier ones. */
export const CHECKPOINT_INCREMENTAL = booleanOption("execution.checkpointing.incremental", {
  defaultValue: true,
  description:
    "Whether a checkpoint writes only what has changed since the last completed one, with a full one from time to time.",
});

/** Where checkpoints go. */
export const CHECKPOINT_STORAGE = choiceOption(
  "execution.checkpointing.storage",
  ["jobmanager", "filesystem"],
  {
    description:
      "Where checkpoints go: into the memory of the job's master, which survives failures of tasks but not the end of the process, or into execution.checkpointing.dir. Default: filesystem where a folder is given, else jobmanager.",
  },
);

/** Folder of checkpoints. */
export const CHECKPOINT_DIR = stringOption("execution.checkpointing.dir", {
  description: "Folder for checkpoints; each job makes one of its own in it.",
});

/** Folder of savepoints. */
export const SAVEPOINT_DIR = stringOption("execution.checkpointing.savepoint-dir", {
  description: "Folder for savepoints that are triggered without one.",
});

/** State that travels inline. */
export const CHECKPOINT_INLINE_THRESHOLD = memoryOption("execution.checkpointing.data-inline-threshold", {
  defaultValue: 20 * 1024,
  description: "State up to this size stands in a checkpoint's metadata instead of in a file of its own.",
  max: 1024 * 1024,
});

/** Whether state is copied to the local disk. */
export const LOCAL_BACKUP = booleanOption("execution.checkpointing.local-backup.enabled", {
  description:
    "Whether each TaskManager keeps a second copy of the state files that it writes to checkpoints on its own disk. They are read only with execution.state-recovery.from-local. Default: as that one.",
});

/** Where those copies stand. */
export const LOCAL_BACKUP_DIRS = stringOption("execution.checkpointing.local-backup.dirs", {
  description:
    "Folder for those copies, on a local disk. The first one where several are given, divided by commas. In a cluster a setting of the TaskManager, not of the job. Default: io.tmp.dirs of the TaskManager, else the system's folder for temporary files.",
});

/** Whether state is restored from the local disk. */
export const RECOVERY_FROM_LOCAL = booleanOption("execution.state-recovery.from-local", {
  defaultValue: false,
  description:
    "Whether a task that starts again on the TaskManager that it ran on reads the copies of its state files there instead of execution.checkpointing.dir. Copies that are missing or damaged are read from there. Turns on execution.checkpointing.local-backup.enabled, unless that is set.",
});

/** What a job starts from. */
export const RECOVERY_PATH = stringOption("execution.state-recovery.path", {
  description: "Savepoint or checkpoint that the job starts from: its folder, or its _metadata.",
});

/** Who owns what a job starts from. */
export const RECOVERY_CLAIM_MODE = choiceOption(
  "execution.state-recovery.claim-mode",
  ["NO_CLAIM", "CLAIM"],
  {
    defaultValue: "NO_CLAIM",
    description:
      "NO_CLAIM leaves the savepoint alone: the first checkpoint is a full one. CLAIM makes it the job's own, which removes it when it is no longer needed.",
  },
);

/** State without an operator. */
export const RECOVERY_ALLOW_NON_RESTORED = booleanOption("execution.state-recovery.ignore-unclaimed-state", {
  defaultValue: false,
  description:
    "Whether a savepoint's state of operators that the job no longer has is dropped. Else it is refused.",
});

/** Kind of state backend. */
export const STATE_BACKEND = choiceOption("state.backend.type", ["hashmap", "rocksdb"], {
  defaultValue: "hashmap",
  description:
    "Where keyed state lives: on the heap, or in RocksDB on the local disk (package @millrace/state-rocksdb) for more than fits into memory.",
});

/** Memory of RocksDB's cache. */
export const ROCKSDB_MEMORY = memoryOption("state.backend.rocksdb.memory.fixed-per-slot", {
  defaultValue: 256 * 1024 * 1024,
  description:
    "Memory of each slot for state in RocksDB: its write buffers and block cache, and the cache of live objects in front of it.",
  min: 16 * 1024 * 1024,
});

/** Whether RocksDB has the cache of live objects. */
export const ROCKSDB_CACHE = booleanOption("state.backend.rocksdb.object-cache.enabled", {
  defaultValue: true,
  description:
    "Whether live objects are cached in front of RocksDB, written back when they are evicted or at a barrier.",
});

/** RocksDB's working folder. */
export const ROCKSDB_LOCAL_DIR = stringOption("state.backend.rocksdb.localdir", {
  description:
    "Folder for RocksDB's working files, on a local disk. Default: the system's folder for temporary files.",
});

/** What happens after a failure. */
export const RESTART_STRATEGY = choiceOption(
  "restart-strategy.type",
  ["none", "fixed-delay", "exponential-delay", "failure-rate"],
  {
    description:
      "Whether and when a failed job starts again from its last checkpoint. Default: exponential-delay with checkpoints, none without.",
  },
);

/** Restarts with a fixed delay. */
export const FIXED_DELAY_ATTEMPTS = integerOption("restart-strategy.fixed-delay.attempts", {
  defaultValue: 1,
  description: "fixed-delay: how often the job is started again before it fails.",
});

/** Their delay. */
export const FIXED_DELAY_DELAY = durationOption("restart-strategy.fixed-delay.delay", {
  defaultValue: 1000,
  description: "fixed-delay: time before each restart.",
});

/** First delay of exponential restarts. */
export const EXPONENTIAL_INITIAL = durationOption("restart-strategy.exponential-delay.initial-backoff", {
  defaultValue: 1000,
  description: "exponential-delay: time before the first restart.",
  min: 1,
});

/** Greatest delay of exponential restarts. */
export const EXPONENTIAL_MAX = durationOption("restart-strategy.exponential-delay.max-backoff", {
  defaultValue: 60_000,
  description: "exponential-delay: the longest time before a restart.",
  min: 1,
});

/** Growth of exponential restarts. */
export const EXPONENTIAL_MULTIPLIER = fractionOption(
  "restart-strategy.exponential-delay.backoff-multiplier",
  {
    defaultValue: 1.5,
    description: "exponential-delay: how much longer each delay is than the one before.",
    min: 1,
    max: 1000,
  },
);

/** When exponential restarts begin anew. */
export const EXPONENTIAL_RESET = durationOption(
  "restart-strategy.exponential-delay.reset-backoff-threshold",
  {
    defaultValue: 3_600_000,
    description: "exponential-delay: after this long without a failure, delays and attempts begin anew.",
  },
);

/** Jitter of exponential restarts. */
export const EXPONENTIAL_JITTER = fractionOption("restart-strategy.exponential-delay.jitter-factor", {
  defaultValue: 0.1,
  description: "exponential-delay: by how much of itself a delay varies at random.",
  min: 0,
  max: 1,
});

/** Limit of exponential restarts. */
export const EXPONENTIAL_ATTEMPTS = integerOption(
  "restart-strategy.exponential-delay.attempts-before-reset-backoff",
  {
    defaultValue: 20,
    description:
      "exponential-delay: how often the job is started again, without the pause that resets the count, before it fails: a record that fails each time ends the job.",
    min: 1,
  },
);

/** Failures within an interval. */
export const FAILURE_RATE_MAX = integerOption("restart-strategy.failure-rate.max-failures-per-interval", {
  defaultValue: 1,
  description: "failure-rate: how many failures within the interval a job bears.",
  min: 1,
});

/** That interval. */
export const FAILURE_RATE_INTERVAL = durationOption("restart-strategy.failure-rate.failure-rate-interval", {
  defaultValue: 60_000,
  description: "failure-rate: the interval in which failures are counted.",
  min: 1,
});

/** Delay of restarts by rate. */
export const FAILURE_RATE_DELAY = durationOption("restart-strategy.failure-rate.delay", {
  defaultValue: 1000,
  description: "failure-rate: time before each restart.",
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
  EXTERNAL_PACKAGES,
  BUFFER_TIMEOUT,
  CANCELLATION_TIMEOUT,
  NETWORK_MEMORY,
  CHECKPOINT_INTERVAL,
  CHECKPOINT_MODE,
  CHECKPOINT_TIMEOUT,
  CHECKPOINT_MIN_PAUSE,
  CHECKPOINT_MAX_CONCURRENT,
  CHECKPOINT_TOLERABLE_FAILURES,
  CHECKPOINT_RETENTION,
  CHECKPOINT_RETAINED,
  CHECKPOINT_UNALIGNED,
  CHECKPOINT_ALIGNED_TIMEOUT,
  CHECKPOINT_AFTER_TASKS_FINISH,
  CHECKPOINT_INCREMENTAL,
  CHECKPOINT_STORAGE,
  CHECKPOINT_DIR,
  SAVEPOINT_DIR,
  CHECKPOINT_INLINE_THRESHOLD,
  LOCAL_BACKUP,
  LOCAL_BACKUP_DIRS,
  RECOVERY_PATH,
  RECOVERY_CLAIM_MODE,
  RECOVERY_ALLOW_NON_RESTORED,
  RECOVERY_FROM_LOCAL,
  STATE_BACKEND,
  ROCKSDB_MEMORY,
  ROCKSDB_CACHE,
  ROCKSDB_LOCAL_DIR,
  RESTART_STRATEGY,
  FIXED_DELAY_ATTEMPTS,
  FIXED_DELAY_DELAY,
  EXPONENTIAL_INITIAL,
  EXPONENTIAL_MAX,
  EXPONENTIAL_MULTIPLIER,
  EXPONENTIAL_RESET,
  EXPONENTIAL_JITTER,
  EXPONENTIAL_ATTEMPTS,
  FAILURE_RATE_MAX,
  FAILURE_RATE_INTERVAL,
  FAILURE_RATE_DELAY,
  ...SCHEDULER_OPTIONS,
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
