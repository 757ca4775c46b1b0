import {
  EVENLY_SPREAD_SLOTS,
  HEARTBEAT_INTERVAL,
  HEARTBEAT_TIMEOUT,
  SLOT_REQUEST_TIMEOUT,
  TASKMANAGER_EXCLUSIVE_JOBS,
  WEB_TIMEOUT,
} from "../../../common/config/cluster-options.ts";
import { configValue, type Config } from "../../../common/config/configuration.ts";
import {
  LOAD_BALANCE_MODE,
  REQUIREMENT_CHECK_DELAY,
  SLOT_OPEN_TIMEOUT,
  WORKER_RECOVERY_TIMEOUT,
} from "../../../common/config/job-manager-options.ts";
import type { BrokerSettings } from "./slot-broker.ts";

/** How the ResourceManager works. Times in ms. */
export interface ResourceManagerSettings extends Omit<BrokerSettings, "epoch" | "randomBytes" | "awaited"> {
  /** How long TaskManagers of the last leader are waited for. */
  readonly recoveryTimeout: number;
  readonly heartbeatInterval: number;
  readonly heartbeatTimeout: number;
  /** How long a question to a TaskManager waits for its answer. */
  readonly askTimeout: number;
}

/** As the configuration says. */
export function resourceManagerSettings(config: Config): ResourceManagerSettings {
  const evenly = configValue(config, EVENLY_SPREAD_SLOTS) === true;
  const mode = configValue(config, LOAD_BALANCE_MODE) ?? (evenly ? "SLOTS" : "NONE");
  const heartbeatInterval = configValue(config, HEARTBEAT_INTERVAL) as number;
  return {
    placement: mode === "SLOTS" ? "spread" : "packed",
    exclusive: configValue(config, TASKMANAGER_EXCLUSIVE_JOBS) === true,
    requestTimeout: configValue(config, SLOT_REQUEST_TIMEOUT) as number,
    openTimeout: configValue(config, SLOT_OPEN_TIMEOUT) as number,
    gather: configValue(config, REQUIREMENT_CHECK_DELAY) as number,
    recoveryTimeout: configValue(config, WORKER_RECOVERY_TIMEOUT) as number,
    heartbeatInterval,
    heartbeatTimeout: Math.max(configValue(config, HEARTBEAT_TIMEOUT) as number, 2 * heartbeatInterval),
    askTimeout: configValue(config, WEB_TIMEOUT) as number,
  };
}
