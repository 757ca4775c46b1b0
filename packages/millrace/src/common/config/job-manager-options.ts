import {
  choiceOption,
  durationOption,
  integerOption,
  memoryOption,
  stringOption,
  type ConfigOption,
} from "./config-option.ts";

/*
 * Settings of the JobManager alone, beside those that all processes of a cluster have in `cluster-options.ts`.
 */

/** Where uploads go. */
export const WEB_UPLOAD_DIR = stringOption("web.upload.dir", {
  description:
    "Folder for uploaded artifacts where high-availability.type is none; removed when the JobManager ends. Default: one in io.tmp.dirs.",
});

/** How slots are spread, by Flink's newer name. */
export const LOAD_BALANCE_MODE = choiceOption("taskmanager.load-balance.mode", ["NONE", "SLOTS"], {
  description:
    "SLOTS spreads a job's slots over all TaskManagers, NONE packs them onto as few as possible. Default: as cluster.evenly-spread-out-slots says.",
});

/** How long a TaskManager may take to open slots. */
export const SLOT_OPEN_TIMEOUT = durationOption("taskmanager.slot.timeout", {
  defaultValue: 60_000,
  description:
    "How long a TaskManager may take to open slots, the artifact's download included, before they are asked for elsewhere.",
  min: 1,
});

/** Pause in which requests gather. */
export const REQUIREMENT_CHECK_DELAY = durationOption("slotmanager.requirement-check.delay", {
  defaultValue: 10,
  description:
    "How long requests for slots gather before they are granted: what a job asks for at once, it is given together.",
});

/** How long known TaskManagers are waited for. */
export const WORKER_RECOVERY_TIMEOUT = durationOption("resourcemanager.previous-worker.recovery.timeout", {
  defaultValue: 10_000,
  description:
    "With high availability: how long the next JobManager waits for the TaskManagers that the last one had, before it spreads jobs over those that are back (cluster.evenly-spread-out-slots) and tells adaptive jobs how many slots there are. Other jobs start as soon as there are enough slots.",
});

/** Heap of each job's JobMaster. */
export const JOB_HEAP = memoryOption("jobmanager.memory.job.heap.size", {
  defaultValue: 1024 * 1024 * 1024,
  description:
    "Heap of each job in the JobManager, for its builder, its enumerators and checkpoints that are kept in memory: a job that uses it up loses its thread, and goes on with another from its last checkpoint, as its restart strategy says; others go on. In the worst case the whole process ends.",
  min: 32 * 1024 * 1024,
});

/** How long a job's code may keep the thread of its JobMaster. */
export const JOB_SILENCE_TIMEOUT = durationOption("jobmanager.job.silence-timeout", {
  defaultValue: 180_000,
  description:
    "How long a job's own code in the JobManager (a split enumerator) may keep its thread from answering; then the thread is ended, and the job goes on with another from its last checkpoint, as its restart strategy says. Its builder is bounded by web.timeout.",
  min: 100,
});

/** How many ended jobs are remembered. */
export const JOBSTORE_CAPACITY = integerOption("jobstore.max-capacity", {
  defaultValue: 200,
  description:
    "How many jobs that have ended are remembered; beyond it the oldest are forgotten. With high availability also by the next JobManager. A submission that is repeated under the job id of a remembered job is answered by that job; under one that is forgotten the job runs once more.",
  min: 0,
});

/** How long ended jobs are remembered. */
export const JOBSTORE_EXPIRATION = durationOption("jobstore.expiration-time", {
  defaultValue: 3_600_000,
  description:
    "How long a job that has ended is remembered. With high availability also by the next JobManager, by the clock of its machine.",
});

/** How long results of triggers are kept. */
export const OPERATION_EXPIRATION = durationOption("rest.async.store-duration", {
  defaultValue: 3_600_000,
  description:
    "How long the result of a savepoint or another long operation can be asked for after it has come. With high availability also from the next JobManager.",
});

/** All of them, in the order of the documentation. */
export const JOB_MANAGER_OPTIONS: readonly ConfigOption[] = Object.freeze([
  WEB_UPLOAD_DIR,
  LOAD_BALANCE_MODE,
  SLOT_OPEN_TIMEOUT,
  REQUIREMENT_CHECK_DELAY,
  WORKER_RECOVERY_TIMEOUT,
  JOB_HEAP,
  JOB_SILENCE_TIMEOUT,
  JOBSTORE_CAPACITY,
  JOBSTORE_EXPIRATION,
  OPERATION_EXPIRATION,
] as readonly unknown[] as readonly ConfigOption[]);
