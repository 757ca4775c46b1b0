import { randomInt } from "node:crypto";
import { hostname, tmpdir } from "node:os";
import { resolve } from "node:path";
import {
  BLOB_CACHE_SIZE,
  HEARTBEAT_TIMEOUT,
  INTERNAL_TOKEN,
  JOBMANAGER_RPC_ADDRESS,
  JOBMANAGER_RPC_PORT,
  TASKMANAGER_BIND_HOST,
  TASKMANAGER_DATA_PORT,
  TASKMANAGER_EXCLUSIVE_JOBS,
  TASKMANAGER_HOST,
  TASKMANAGER_INITIAL_BACKOFF,
  TASKMANAGER_MAX_BACKOFF,
  TASKMANAGER_REGISTRATION_TIMEOUT,
  TASKMANAGER_RESOURCE_ID,
  TASKMANAGER_SLOTS,
  TASKMANAGER_TASK_HEAP,
  TEMPORARY_DIRECTORIES,
} from "../../../common/config/cluster-options.ts";
import { configValue } from "../../../common/config/configuration.ts";
import type { Config } from "../../../common/config/configuration.ts";
import { NETWORK_MEMORY } from "../../../common/config/options.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { setting } from "../../job-manager/job-master/setting.ts";
import { asToken } from "../../transport/bearer-token.ts";

/** What a TaskManager is told. Times in ms, sizes in bytes. */
export interface TaskManagerSettings {
  readonly taskManagerId: string;
  readonly jobManager: { readonly host: string; readonly port: number };
  readonly token: string | undefined;
  readonly host: string;
  readonly bindHost: string;
  readonly dataPort: number;
  readonly slots: number;
  /** Of one slot. */
  readonly slotHeap: number | undefined;
  readonly networkMemory: number;
  readonly exclusiveJobs: boolean;
  readonly registrationTimeout: number;
  readonly initialBackoff: number;
  readonly maxBackoff: number;
  /** Until the JobManager tells its own. */
  readonly heartbeatTimeout: number;
  readonly temporaryDirectory: string;
  readonly artifactCache: number;
}

/** @throws INVALID_OPTION for a name that can't be part of one of a file, or a token that none can be */
export function taskManagerSettings(settings: Config): TaskManagerSettings {
  const slots = setting(settings, TASKMANAGER_SLOTS);
  const heap = configValue(settings, TASKMANAGER_TASK_HEAP);
  const host = setting(settings, TASKMANAGER_HOST);
  const token = configValue(settings, INTERNAL_TOKEN);
  const [temporary = ""] = (configValue(settings, TEMPORARY_DIRECTORIES) ?? "").split(",");
  return {
    taskManagerId: checkedId(configValue(settings, TASKMANAGER_RESOURCE_ID) ?? ownId()),
    jobManager: {
      host: setting(settings, JOBMANAGER_RPC_ADDRESS),
      port: setting(settings, JOBMANAGER_RPC_PORT),
    },
    token: token === undefined ? undefined : asToken(INTERNAL_TOKEN, token),
    host,
    bindHost: configValue(settings, TASKMANAGER_BIND_HOST) ?? host,
    dataPort: setting(settings, TASKMANAGER_DATA_PORT),
    slots,
    slotHeap: heap === undefined ? undefined : Math.floor(heap / slots),
    networkMemory: setting(settings, NETWORK_MEMORY),
    exclusiveJobs: setting(settings, TASKMANAGER_EXCLUSIVE_JOBS),
    registrationTimeout: setting(settings, TASKMANAGER_REGISTRATION_TIMEOUT),
    initialBackoff: setting(settings, TASKMANAGER_INITIAL_BACKOFF),
    maxBackoff: setting(settings, TASKMANAGER_MAX_BACKOFF),
    heartbeatTimeout: setting(settings, HEARTBEAT_TIMEOUT),
    temporaryDirectory: resolve(temporary.trim() === "" ? tmpdir() : temporary.trim()),
    artifactCache: setting(settings, BLOB_CACHE_SIZE),
  };
}

const ownId = (): string =>
  `${hostname().replaceAll(/[^\w.-]/gu, "-")}-${process.pid}-${randomInt(100_000, 1_000_000)}`;

function checkedId(id: string): string {
  if (/^\w[\w.-]{0,150}$/u.test(id)) return id;
  throw new MillraceError(
    "INVALID_OPTION",
    `option ${TASKMANAGER_RESOURCE_ID.key} must be letters, digits, dots, dashes and underscores, 151 at most; got ${JSON.stringify(id)}`,
  );
}
