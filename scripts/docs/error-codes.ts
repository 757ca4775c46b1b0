import type { ErrorCode } from "../../packages/millrace/src/common/errors/millrace-error.ts";

/** What the documentation says of an error code. */
export interface ErrorCodeNote {
  readonly means: string;
  readonly remedy: string;
}

/** Every error code, in the order of the documentation. A code that is missing here does not compile. */
export const ERROR_CODES: Readonly<Record<ErrorCode, ErrorCodeNote>> = {
  INVALID_ARGUMENT: {
    means: "A function of the API, or the command line, was given something that it can't take.",
    remedy: "The message says what was expected and what came: correct the call.",
  },
  INVALID_OPTION: {
    means:
      "A setting, an option of a connector or an argument of a job has a value that it can't have, or lacks one.",
    remedy: "Correct the value; `millrace run job.ts -- --help` lists a job's arguments.",
  },
  UNKNOWN_OPTION: {
    means: "There is no setting, option or argument of this name.",
    remedy: "Correct the name: the message tells the nearest ones. A job's own arguments come after `--`.",
  },
  INVALID_GRAPH: {
    means:
      "The recorded program can't run: a stream without end, a uid given twice, `forward()` between different parallelisms, a trigger that can't merge.",
    remedy: "Correct the program where the message points.",
  },
  INVALID_KEY: {
    means:
      "A key selector answered something that is no key: undefined, NaN, a function, an instance of a class.",
    remedy: "Filter such records out before `keyBy`, or give them a key of their own.",
  },
  INVALID_TYPE: {
    means:
      "A declared type is none, or not one that fits here (a column that can't be of it, a schema that validates asynchronously).",
    remedy: "Correct the declaration.",
  },
  RECORD_TYPE_MISMATCH: {
    means:
      "A record, or a value for state, doesn't fit its declared type, or can't be carried at all. The path names the field.",
    remedy: "Correct the record or the type; give instances of classes a type by `Types.custom`.",
  },
  ASYNC_FUNCTION: {
    means: "A function that must be synchronous answered with a promise.",
    remedy: "Do asynchronous work in `asyncMap` or `asyncFlatMap`.",
  },
  JOB_MODULE_INVALID: {
    means:
      "The job's module can't be found, doesn't parse, fails while it is loaded, or has no default export made by `job(...)`.",
    remedy: "Correct the path or the module; its top level must not do the job's work.",
  },
  JOB_NOT_DETERMINISTIC: {
    means:
      "The program that a slot built differs from the one that was submitted. The message names the first difference.",
    remedy:
      "Take what differs (time, environment, files) as an argument, or by `env.capture(name, () => value)`.",
  },
  USER_FUNCTION_FAILED: {
    means:
      "A function of the program threw. Operator, subtask and record are in the message; the original is the cause.",
    remedy: "Correct the function, or let bad records go by `onPoisonRecord`.",
  },
  USER_FUNCTION_TIMEOUT: {
    means: "An asynchronous call took longer than its `timeout`, all tries together.",
    remedy: "Raise the timeout, or answer something else by `onTimeout`.",
  },
  STATE_MISUSE: {
    means:
      "State, a timer or an environment was used where it can't be: without a key, outside of its time, twice.",
    remedy: "The message says what is possible there.",
  },
  MALFORMED_RECORD: {
    means:
      "A piece of input is no record: a line that doesn't parse, a field of another type. The message says where it stands.",
    remedy: "Mend the input, or give the source a policy by `onPoisonRecord`.",
  },
  SOURCE_FAILED: {
    means: "A source can't read: a missing file, a lost connection, a split that ends too early.",
    remedy: "The message says what of the outside world was wrong; run the job again when it is mended.",
  },
  SINK_FAILED: {
    means:
      "A sink can't write or commit: a full disk, a directory without permission, a part that somebody removed.",
    remedy: "The message says what of the outside world was wrong; run the job again when it is mended.",
  },
  UNSUPPORTED_PLATFORM: {
    means: "The machine or its Node.js lacks something that Millrace needs.",
    remedy: "Use Node.js 24 or newer.",
  },
  CODEC_CORRUPT: {
    means: "Bytes that should be records are damaged.",
    remedy: "If it wasn't a custom codec that answered other bytes than it takes: report it, please.",
  },
  PROTOCOL_VIOLATION: {
    means: "The other end of a channel sent what it must not.",
    remedy: "Both ends must be of the same version; otherwise report it, please.",
  },
  CHANNEL_CLOSED: {
    means:
      "The other end of a channel is gone: the consequence of another failure, which is reported in its place.",
    remedy: "Look for the first failure.",
  },
  RECORD_TOO_LARGE: {
    means: "A record is larger than what may travel between tasks.",
    remedy: "Make records smaller: send references to large things instead of the things.",
  },
  TASK_CANCELED: {
    means: "A task ended because its job was cancelled or failed elsewhere.",
    remedy: "Look for the first failure.",
  },
  CHECKPOINT_FAILED: {
    means:
      "A checkpoint or savepoint could not be taken: a task declined it, its state could not be written, or it was given up because a task ended. The job goes on; nothing that the last completed checkpoint holds is lost.",
    remedy:
      "See the cause. Checkpoints that fail more often in a row than `execution.checkpointing.tolerable-failed-checkpoints` allows fail the job.",
  },
  CHECKPOINT_EXPIRED: {
    means:
      "A checkpoint took longer than `execution.checkpointing.timeout`: barriers wait behind records that a slow operator or sink has not taken yet, or the storage is slow.",
    remedy:
      "Find the operator that is busy all the time and give it more parallelism, take unaligned checkpoints (`execution.checkpointing.unaligned.enabled`), or raise the timeout.",
  },
  CHECKPOINT_ABORTED: {
    means:
      "The part of a checkpoint that a task was at was stopped, because the checkpoint as a whole was given up: the consequence of another failure.",
    remedy: "Look for the first failure of that checkpoint.",
  },
  CHECKPOINT_CORRUPT: {
    means:
      "A file of a checkpoint or savepoint is damaged, cut short or missing. File and block are named. Nothing is restored from it, and no older checkpoint is taken in its place.",
    remedy:
      "Restore the file from a copy. Otherwise start from an older checkpoint or savepoint by `-s`, which is a decision: what sinks committed since then is written again.",
  },
  CHECKPOINT_STORAGE_FAILED: {
    means:
      "The directory of checkpoints can't be read or written: a full disk, a missing permission, a lost mount.",
    remedy: "Mend what the message names; checkpoints that come later succeed by themselves.",
  },
  SAVEPOINT_NOT_FOUND: {
    means:
      "There is no savepoint or checkpoint at the path that was given; or a job of a cluster that had completed checkpoints, and is to go on in another thread or JobManager, has none left.",
    remedy:
      "Give the folder that holds `_metadata`: of a savepoint the folder that `millrace savepoint` printed, of a checkpoint its `chk-N`. A job whose checkpoints are lost is not started from its beginning, because its sinks would write again what they have committed: start it anew, and set `execution.checkpointing.dir`.",
  },
  RESTORE_REFUSED: {
    means:
      "The job can't start from that savepoint or checkpoint. The message, and `details.mismatches`, list every reason at once; nothing was started.",
    remedy:
      "Each reason has its remedy in [guarantees](guide/guarantees.md#when-a-restore-is-refused); `millrace savepoint check <path> <job.ts>` compares without running.",
  },
  STATE_BACKEND_UNAVAILABLE: {
    means:
      "The state backend that the job asks for can't run here: its package is not installed, or has no build for this machine.",
    remedy:
      "Install `@millrace/state-rocksdb` where the job runs, or set `state.backend.type` to `hashmap`; savepoints fit both.",
  },
  SLOT_LOST: {
    means:
      "A worker thread ended while it ran tasks: out of memory, `process.exit` in a function, or an error that nobody catches, as in a timer or a promise. Or its TaskManager is lost.",
    remedy:
      "The message says which of them: give more memory (in clusters `taskmanager.memory.task.heap.size`, else Node.js's `--max-old-space-size`) or keep less state, find the exit, catch the error, look into the TaskManager's log.",
  },
  NO_SLOTS: {
    means: "A job needs more slots than are free, and none came in time.",
    remedy: "Start more TaskManagers, free slots, or lower the job's parallelism.",
  },
  FENCED: {
    means:
      "Another process has taken over what this one owned: a job was started with CLAIM from this one's checkpoint. It stops, and changes nothing any more.",
    remedy:
      "Nothing, where the other one was meant to take over. Else find out who started it: the message names the process.",
  },
  VERSION_MISMATCH: {
    means: "Two parts of a cluster, or a client and a cluster, run different versions of millrace.",
    remedy: "Install the same version everywhere; the message names both.",
  },
  NOT_AUTHORIZED: {
    means: "A token or certificate is missing or wrong, or the operation is turned off.",
    remedy: "Give the token or certificate that the cluster's settings ask for.",
  },
  NOT_FOUND: {
    means: "The cluster knows no job, artifact, TaskManager, log or request of this id.",
    remedy: "List what there is; ended jobs and requests are forgotten after some time.",
  },
  CONFLICT: {
    means: "The request doesn't fit the state of what it is about: a job that has ended, a stop underway.",
    remedy: "Look at the job's status, which the message names.",
  },
  OPERATION_LOST: {
    means:
      "The JobManager died during a savepoint, a stop, a checkpoint or a change of parallelism, and what was asked for is not done, or not to its end.",
    remedy:
      "The message says what became of it: whether the job goes on, and whether a savepoint was completed.",
  },
  JOB_LOST: {
    means:
      "The cluster no longer knows a job that it had: its JobManager was started anew without high availability, or the job ended, and was forgotten.",
    remedy:
      "Set `high-availability.type`, and jobs outlive the JobManager; `jobstore.expiration-time` says how long ended ones are remembered.",
  },
  CLUSTER_UNREACHABLE: {
    means: "Nobody answers at the address of the JobManager, or somebody else does.",
    remedy: "Check address, port and TLS settings, and that the JobManager runs.",
  },
  CONNECTION_LOST: {
    means: "The connection to another process of the cluster is gone, or was silent for too long.",
    remedy: "Look into that process's log. Jobs with checkpoints go on by themselves.",
  },
  JOB_FAILED: {
    means: "A job has failed: `run`, `execute` and `result()` reject with it. The reason is its `cause`.",
    remedy: "See the cause.",
  },
  JOB_CANCELED: {
    means: "A job was cancelled before its end: by `cancel()`, an abort signal, or Ctrl-C.",
    remedy: "Nothing, if that was intended.",
  },
  ILLEGAL_TRANSITION: {
    means: "The engine tried to bring a job or a task into a state that can't follow: a fault of the engine.",
    remedy: "Report it, please.",
  },
  INTERNAL: {
    means: "Something that the engine takes for impossible has happened: a fault of the engine.",
    remedy: "Report it, please, with the whole stack (`--verbose`).",
  },
};
