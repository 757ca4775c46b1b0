import { configValue } from "../../../../common/config/configuration.ts";
import type { Config } from "../../../../common/config/configuration.ts";
import {
  MIN_PARALLELISM_INCREASE,
  RESOURCE_STABILIZATION_TIMEOUT,
  RESOURCE_WAIT_TIMEOUT,
  SCALING_INTERVAL_MIN,
  SCHEDULER,
  SCHEDULER_MODE,
} from "../../../../common/config/scheduler-options.ts";
import { setting } from "../setting.ts";

/** How a job is scheduled. Times in ms. */
export interface SchedulerSettings {
  /** Whether it runs with the slots that there are. */
  readonly adaptive: boolean;
  /** Whether it uses as many as it can. */
  readonly reactive: boolean;
  /** 0: for ever. */
  readonly waitTimeout: number;
  readonly stabilization: number;
  readonly minIncrease: number;
  readonly cooldown: number;
}

/** The scheduler settings of a job. */
export function schedulerSettings(config: Config): SchedulerSettings {
  const reactive = configValue(config, SCHEDULER_MODE) === "reactive";
  return {
    adaptive: reactive || setting(config, SCHEDULER) === "adaptive",
    reactive,
    waitTimeout: configValue(config, RESOURCE_WAIT_TIMEOUT) ?? (reactive ? 0 : 300_000),
    stabilization: configValue(config, RESOURCE_STABILIZATION_TIMEOUT) ?? (reactive ? 0 : 10_000),
    minIncrease: setting(config, MIN_PARALLELISM_INCREASE),
    cooldown: setting(config, SCALING_INTERVAL_MIN),
  };
}
