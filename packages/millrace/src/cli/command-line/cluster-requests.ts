/** How a command reaches a cluster: the same for all that do. */
export interface ClusterAccess {
  /** Address of the REST API. undefined: what the settings say, or the cluster that `millrace cluster start` has started. */
  readonly jobManager: string | undefined;
  /** Folder with config.yaml. undefined: what MILLRACE_CONF_DIR says. */
  readonly conf: string | undefined;
  /** `key=value` of each `-D`, in order. */
  readonly settings: readonly string[];
}

/** What all commands of a cluster are told. */
interface Common {
  readonly access: ClusterAccess;
  /** Answers and errors as JSON. */
  readonly json: boolean;
  readonly verbose: boolean;
}

/** A command about a job: its id, the beginning of it, or its name. */
interface AboutJob extends Common {
  readonly job: string;
}

/** `millrace jobmanager`, `millrace taskmanager` */
export interface ProcessRequest extends Common {
  readonly command: "jobManager" | "taskManager";
}

/** `millrace cluster start` */
export interface ClusterStartRequest extends Common {
  readonly command: "clusterStart";
  readonly taskManagers: number;
  /** Of each TaskManager; undefined: what the settings say. */
  readonly slots: number | undefined;
  readonly foreground: boolean;
  /** Folder for the cluster's pids and logs, as it was written. */
  readonly state: string;
}

/** `millrace cluster stop`, `millrace cluster status` */
export interface ClusterStateRequest extends Common {
  readonly command: "clusterStop" | "clusterStatus";
  readonly state: string;
}

/** `millrace list` */
export interface ListRequest extends Common {
  readonly command: "list";
  /** Those that have ended, too. */
  readonly all: boolean;
}

/** `millrace status`, `millrace cancel`, `millrace checkpoint` */
export interface PlainJobRequest extends AboutJob {
  readonly command: "status" | "cancel" | "checkpoint";
}

/** `millrace stop` */
export interface StopRequest extends AboutJob {
  readonly command: "stop";
  readonly directory: string | undefined;
  readonly drain: boolean;
}

/** `millrace savepoint trigger` */
export interface SavepointTriggerRequest extends AboutJob {
  readonly command: "savepointTrigger";
  readonly directory: string | undefined;
}

/** `millrace rescale` */
export interface RescaleRequest extends AboutJob {
  readonly command: "rescale";
  /** Of all vertices; undefined: `vertices` says. */
  readonly parallelism: number | undefined;
  /** `<vertex>=<n>`, by id or name. */
  readonly vertices: readonly string[];
}

/** `millrace logs` */
export interface LogsRequest extends Common {
  readonly command: "logs";
  /** A job, a TaskManager; undefined: the JobManager. */
  readonly of: string | undefined;
  readonly lines: number;
  readonly follow: boolean;
}

/** What a command line may ask of clusters. */
export type ClusterRequest =
  | ProcessRequest
  | ClusterStartRequest
  | ClusterStateRequest
  | ListRequest
  | PlainJobRequest
  | StopRequest
  | SavepointTriggerRequest
  | RescaleRequest
  | LogsRequest;

/** Where `millrace cluster` keeps what it has started, below the current folder. */
export const DEFAULT_STATE_FOLDER = ".millrace/cluster";
