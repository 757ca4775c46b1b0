import {
  booleanOption,
  choiceOption,
  durationOption,
  integerOption,
  memoryOption,
  stringOption,
  type ConfigOption,
} from "./config-option.ts";
import { JOB_MANAGER_OPTIONS } from "./job-manager-options.ts";

/*
 * The settings of a cluster's processes, by the names that Flink's users know where the meaning is Flink's. Those of jobs stand in
 * `options.ts`; given to a JobManager, they are the defaults of the jobs that it runs.
 */

const PORT = { min: 0, max: 65_535 } as const;
const MB = 1024 * 1024;

/** Where the JobManager is. */
export const JOBMANAGER_RPC_ADDRESS = stringOption("jobmanager.rpc.address", {
  defaultValue: "127.0.0.1",
  description: "Host name or address at which TaskManagers reach the JobManager.",
});

/** The JobManager's port for TaskManagers. */
export const JOBMANAGER_RPC_PORT = integerOption("jobmanager.rpc.port", {
  ...PORT,
  defaultValue: 6123,
  description: "Port at which TaskManagers reach the JobManager. 0: any free one, which its log tells.",
});

/** What the JobManager's control port listens on. */
export const JOBMANAGER_BIND_HOST = stringOption("jobmanager.bind-host", {
  defaultValue: "127.0.0.1",
  description:
    "Address that the JobManager listens on for TaskManagers; 0.0.0.0 for all. Beyond the machine itself, protect it by security.ssl.internal.enabled.",
});

/** Where the REST API is. */
export const REST_ADDRESS = stringOption("rest.address", {
  description: "Host name or address at which clients reach the REST API. Default: jobmanager.rpc.address.",
});

/** The port of the REST API. */
export const REST_PORT = integerOption("rest.port", {
  ...PORT,
  defaultValue: 8081,
  description: "Port of the REST API and the web dashboard. 0: any free one, which the log tells.",
});

/** What the REST API listens on. */
export const REST_BIND_ADDRESS = stringOption("rest.bind-address", {
  defaultValue: "127.0.0.1",
  description:
    "Address that the REST API listens on; 0.0.0.0 for all. Beyond the machine itself, protect it by security.ssl.rest.enabled and security.rest.token.",
});

/** Where a TaskManager is. */
export const TASKMANAGER_HOST = stringOption("taskmanager.host", {
  defaultValue: "127.0.0.1",
  description: "Host name or address at which other TaskManagers reach this one.",
});

/** What a TaskManager listens on. */
export const TASKMANAGER_BIND_HOST = stringOption("taskmanager.bind-host", {
  description: "Address that the TaskManager listens on for others. Default: taskmanager.host.",
});

/** The port for data between TaskManagers. */
export const TASKMANAGER_DATA_PORT = integerOption("taskmanager.data.port", {
  ...PORT,
  defaultValue: 0,
  description: "Port at which other TaskManagers send records. 0: any free one.",
});

/** A TaskManager's name. */
export const TASKMANAGER_RESOURCE_ID = stringOption("taskmanager.resource-id", {
  description:
    "Name of the TaskManager in logs, on the dashboard and in names of files: letters, digits, dots, dashes and underscores. Each process that starts must have another one. Default: its host, its process id and six random digits.",
});

/** How many slots a TaskManager has. */
export const TASKMANAGER_SLOTS = integerOption("taskmanager.numberOfTaskSlots", {
  defaultValue: 1,
  description:
    "Number of slots of a TaskManager, each a thread that runs one parallel slice of a job. As many as the machine has cores is a good number.",
  min: 1,
  max: 1024,
});

/** Heap for the tasks of a TaskManager. */
export const TASKMANAGER_TASK_HEAP = memoryOption("taskmanager.memory.task.heap.size", {
  description:
    "Heap for tasks, divided evenly among the slots: a slot that uses up its share fails, its job restarts. Typed arrays and state in RocksDB are not counted, and in the worst case the whole process ends. Default: no limit but the one that Node.js has for each thread, which depends on the machine's memory.",
  min: 16 * MB,
});

/** Whether jobs get processes of their own. */
export const TASKMANAGER_EXCLUSIVE_JOBS = booleanOption("taskmanager.exclusive-jobs", {
  defaultValue: false,
  description:
    "Whether a TaskManager runs the slots of one job at a time, so that a job that brings its process down harms no other.",
});

/** How long a TaskManager tries to register. */
export const TASKMANAGER_REGISTRATION_TIMEOUT = durationOption("taskmanager.registration.timeout", {
  defaultValue: 300_000,
  description:
    "How long a TaskManager without a JobManager tries to find one before it ends. 0: it tries for ever.",
});

/** Pause before the second try to register. */
export const TASKMANAGER_INITIAL_BACKOFF = durationOption("taskmanager.registration.initial-backoff", {
  defaultValue: 100,
  description:
    "Pause before a TaskManager tries again to reach its JobManager; each further one is twice as long.",
  min: 1,
});

/** Longest pause between tries to register. */
export const TASKMANAGER_MAX_BACKOFF = durationOption("taskmanager.registration.max-backoff", {
  defaultValue: 5000,
  description: "The longest pause between two tries of a TaskManager to reach its JobManager.",
  min: 1,
});

/** How often processes tell each other that they live. */
export const HEARTBEAT_INTERVAL = durationOption("heartbeat.interval", {
  defaultValue: 2000,
  description:
    "How often the JobManager and its TaskManagers tell each other that they live. The JobManager's value counts.",
  min: 10,
});

/** When a silent process is lost. */
export const HEARTBEAT_TIMEOUT = durationOption("heartbeat.timeout", {
  defaultValue: 10_000,
  description:
    "After how long a silence the other one is taken as lost: its tasks are started elsewhere. The JobManager's value counts. At least twice heartbeat.interval.",
  min: 20,
});

/** How long a job waits for slots. */
export const SLOT_REQUEST_TIMEOUT = durationOption("slot.request.timeout", {
  defaultValue: 300_000,
  description: "How long a job waits for slots that it needs before it fails with NO_SLOTS.",
});

/** Whether slots are spread. */
export const EVENLY_SPREAD_SLOTS = booleanOption("cluster.evenly-spread-out-slots", {
  defaultValue: false,
  description:
    "Whether a job's slots are spread over all TaskManagers. Else they are packed onto as few as possible, where records need not cross the network.",
});

/** Whether the JobManager's work survives it. */
export const HIGH_AVAILABILITY = choiceOption("high-availability.type", ["none", "filesystem"], {
  defaultValue: "none",
  description:
    "Whether jobs survive the JobManager: with filesystem, they, their artifacts and their checkpoints are recorded in high-availability.storageDir, and the next JobManager goes on with them.",
});

/** Where it is recorded. */
export const HIGH_AVAILABILITY_DIR = stringOption("high-availability.storageDir", {
  description: "Folder for what a JobManager must leave to the next one; on storage that both can reach.",
});

/** Which cluster it is. */
export const HIGH_AVAILABILITY_CLUSTER = stringOption("high-availability.cluster-id", {
  defaultValue: "default",
  description: "Name of the cluster: clusters that share a high-availability.storageDir have different ones.",
});

/** Folders for temporary files. */
export const TEMPORARY_DIRECTORIES = stringOption("io.tmp.dirs", {
  description:
    "Folder for files of a process's own: artifacts, uploads. The first one where several are given, divided by commas. Default: the system's folder for temporary files.",
});

/** Memory of disk for artifacts. */
export const BLOB_CACHE_SIZE = memoryOption("blob.cache.size", {
  defaultValue: 256 * MB,
  description:
    "Disk space of a TaskManager for artifacts that no slot uses any more: beyond it, the oldest are removed.",
});

/** Whether jobs may be uploaded. */
export const WEB_SUBMIT = booleanOption("web.submit.enable", {
  defaultValue: true,
  description:
    "Whether the REST API takes artifacts, runs jobs from them, and tells their plans, for which jobs are built.",
});

/** How long REST waits. */
export const WEB_TIMEOUT = durationOption("web.timeout", {
  defaultValue: 60_000,
  description: "How long a request to the REST API waits for a job's own code, or for another process.",
  min: 1,
});

/** Largest request. */
export const REST_MAX_CONTENT = memoryOption("rest.server.max-content-length", {
  defaultValue: 100 * MB,
  description: "Largest artifact that the REST API takes.",
  min: 1024,
});

/** Who may use REST. */
export const REST_TOKEN = stringOption("security.rest.token", {
  description:
    "A secret that clients of the REST API must send (Authorization: Bearer ...). Give it by MILLRACE_PROPERTIES or the configuration file, not on the command line. Default: none is asked for.",
});

/** Who may join the cluster. */
export const INTERNAL_TOKEN = stringOption("security.internal.token", {
  description:
    "A secret that all processes of the cluster share: who connects to the JobManager as a TaskManager must know it. Give it by MILLRACE_PROPERTIES or the configuration file, not on the command line. Default: none is asked for.",
});

/** TLS between processes. */
export const INTERNAL_TLS = booleanOption("security.ssl.internal.enabled", {
  defaultValue: false,
  description:
    "Whether processes of the cluster talk TLS with each other, control and records, and both sides show a certificate that security.ssl.internal.truststore vouches for. Host names are not checked: let the truststore hold the cluster's own authority alone.",
});

/** Certificate and key for it. */
export const INTERNAL_KEYSTORE = stringOption("security.ssl.internal.keystore", {
  description:
    "PEM file with the certificate, those that signed it, and the private key of the cluster's processes.",
});

/** Password of that key. */
export const INTERNAL_KEY_PASSWORD = stringOption("security.ssl.internal.key-password", {
  description: "Password of the private key in security.ssl.internal.keystore, if it has one.",
});

/** Who vouches for processes. */
export const INTERNAL_TRUSTSTORE = stringOption("security.ssl.internal.truststore", {
  description: "PEM file with the certificates that vouch for the cluster's processes.",
});

/** TLS for REST. */
export const REST_TLS = booleanOption("security.ssl.rest.enabled", {
  defaultValue: false,
  description: "Whether the REST API talks TLS (https).",
});

/** Certificate and key for it. */
export const REST_KEYSTORE = stringOption("security.ssl.rest.keystore", {
  description:
    "PEM file with the certificate, those that signed it, and the private key of the REST API; of a client, where the API asks for one.",
});

/** Password of that key. */
export const REST_KEY_PASSWORD = stringOption("security.ssl.rest.key-password", {
  description: "Password of the private key in security.ssl.rest.keystore, if it has one.",
});

/** Who vouches for REST and its clients. */
export const REST_TRUSTSTORE = stringOption("security.ssl.rest.truststore", {
  description:
    "PEM file with the certificates that vouch for the REST API, and for its clients where security.ssl.rest.authentication-enabled. Default for clients: those that Node.js trusts.",
});

/** Whether clients show certificates. */
export const REST_AUTHENTICATION = booleanOption("security.ssl.rest.authentication-enabled", {
  defaultValue: false,
  description:
    "Whether clients of the REST API must show a certificate that security.ssl.rest.truststore vouches for.",
});

/** Where logs go. */
export const LOG_DIRECTORY = stringOption("env.log.dir", {
  defaultValue: "log",
  description: "Folder for the logs of a process and for what jobs print; relative to the working directory.",
});

/** What is logged. */
export const LOG_LEVEL = choiceOption("env.log.level", ["trace", "debug", "info", "warn", "error"], {
  defaultValue: "info",
  description: "The least important messages that are logged.",
});

/** Size of a log file. */
export const LOG_MAX_BYTES = memoryOption("env.log.max-size", {
  defaultValue: 64 * MB,
  description:
    "Size at which a log file is put aside as <name>.1, and a new one begun; what was put aside before is removed.",
  min: 64 * 1024,
});

/** All settings of processes, in the order of the documentation. */
export const CLUSTER_OPTIONS: readonly ConfigOption[] = Object.freeze([
  JOBMANAGER_RPC_ADDRESS,
  JOBMANAGER_RPC_PORT,
  JOBMANAGER_BIND_HOST,
  REST_ADDRESS,
  REST_PORT,
  REST_BIND_ADDRESS,
  REST_MAX_CONTENT,
  WEB_SUBMIT,
  WEB_TIMEOUT,
  TASKMANAGER_HOST,
  TASKMANAGER_BIND_HOST,
  TASKMANAGER_DATA_PORT,
  TASKMANAGER_RESOURCE_ID,
  TASKMANAGER_SLOTS,
  TASKMANAGER_TASK_HEAP,
  TASKMANAGER_EXCLUSIVE_JOBS,
  TASKMANAGER_REGISTRATION_TIMEOUT,
  TASKMANAGER_INITIAL_BACKOFF,
  TASKMANAGER_MAX_BACKOFF,
  HEARTBEAT_INTERVAL,
  HEARTBEAT_TIMEOUT,
  SLOT_REQUEST_TIMEOUT,
  EVENLY_SPREAD_SLOTS,
  ...JOB_MANAGER_OPTIONS,
  HIGH_AVAILABILITY,
  HIGH_AVAILABILITY_DIR,
  HIGH_AVAILABILITY_CLUSTER,
  TEMPORARY_DIRECTORIES,
  BLOB_CACHE_SIZE,
  LOG_DIRECTORY,
  LOG_LEVEL,
  LOG_MAX_BYTES,
  REST_TOKEN,
  INTERNAL_TOKEN,
  INTERNAL_TLS,
  INTERNAL_KEYSTORE,
  INTERNAL_KEY_PASSWORD,
  INTERNAL_TRUSTSTORE,
  REST_TLS,
  REST_AUTHENTICATION,
  REST_KEYSTORE,
  REST_KEY_PASSWORD,
  REST_TRUSTSTORE,
] as readonly unknown[] as readonly ConfigOption[]);
