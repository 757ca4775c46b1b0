import { configValue } from "../../../../common/config/configuration.ts";
import type { Config } from "../../../../common/config/configuration.ts";
import {
  CHECKPOINT_INTERVAL,
  EXPONENTIAL_ATTEMPTS,
  EXPONENTIAL_INITIAL,
  EXPONENTIAL_JITTER,
  EXPONENTIAL_MAX,
  EXPONENTIAL_MULTIPLIER,
  EXPONENTIAL_RESET,
  FAILURE_RATE_DELAY,
  FAILURE_RATE_INTERVAL,
  FAILURE_RATE_MAX,
  FIXED_DELAY_ATTEMPTS,
  FIXED_DELAY_DELAY,
  RESTART_STRATEGY,
} from "../../../../common/config/options.ts";
import { unreachable } from "../../../../common/errors/unreachable.ts";
import { setting } from "../setting.ts";
import type { RestartStrategy } from "./restart-strategy.ts";

/** The restart strategy of a job's settings: exponential delays where checkpoints are taken and nothing else is said, else none. */
export function restartStrategy(config: Config): RestartStrategy {
  const otherwise = configValue(config, CHECKPOINT_INTERVAL) === undefined ? "none" : "exponential-delay";
  const kind = configValue(config, RESTART_STRATEGY) ?? otherwise;
  switch (kind) {
    case "none":
      return { kind };
    case "fixed-delay":
      return {
        kind,
        attempts: setting(config, FIXED_DELAY_ATTEMPTS),
        delay: setting(config, FIXED_DELAY_DELAY),
      };
    case "exponential-delay":
      return {
        kind,
        initial: setting(config, EXPONENTIAL_INITIAL),
        max: setting(config, EXPONENTIAL_MAX),
        multiplier: setting(config, EXPONENTIAL_MULTIPLIER),
        reset: setting(config, EXPONENTIAL_RESET),
        jitter: setting(config, EXPONENTIAL_JITTER),
        attempts: setting(config, EXPONENTIAL_ATTEMPTS),
      };
    case "failure-rate":
      return {
        kind,
        max: setting(config, FAILURE_RATE_MAX),
        interval: setting(config, FAILURE_RATE_INTERVAL),
        delay: setting(config, FAILURE_RATE_DELAY),
      };
    default:
      return unreachable(kind, "restart strategy");
  }
}
