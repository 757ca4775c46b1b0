import { WEB_SUBMIT, WEB_TIMEOUT } from "../../../common/config/cluster-options.ts";
import type { ConfigOption } from "../../../common/config/config-option.ts";
import { configValue, type Config } from "../../../common/config/configuration.ts";
import {
  JOB_SILENCE_TIMEOUT,
  JOBSTORE_CAPACITY,
  JOBSTORE_EXPIRATION,
  OPERATION_EXPIRATION,
} from "../../../common/config/job-manager-options.ts";
import { OPTIONS } from "../../../common/config/options.ts";
import { describeConfiguration, jobDefaults } from "../../configuration/cluster-configuration.ts";
import type { ClusterConfiguration } from "../../configuration/cluster-configuration.ts";
import type { RememberingSettings } from "./jobs/remembered-jobs.ts";

/** How the Dispatcher works. Times in ms. */
export interface DispatcherSettings {
  /** How long user code and other processes are waited for. */
  readonly timeout: number;
  /** How long a running job's code may keep the thread of its JobMaster. */
  readonly silence: number;
  /** Whether artifacts and jobs are taken. */
  readonly submit: boolean;
  readonly remembering: RememberingSettings;
  /** How long results of operations are kept. */
  readonly operations: number;
  /** What jobs have that say nothing themselves, as text. */
  readonly jobDefaults: Readonly<Record<string, string>>;
  /** All settings as text, secrets redacted. */
  readonly described: Readonly<Record<string, string>>;
}

/** As the configuration says. */
export function dispatcherSettings(configuration: ClusterConfiguration): DispatcherSettings {
  const { settings } = configuration;
  return {
    timeout: configValue(settings, WEB_TIMEOUT) as number,
    silence: configValue(settings, JOB_SILENCE_TIMEOUT) as number,
    submit: configValue(settings, WEB_SUBMIT) === true,
    remembering: {
      capacity: configValue(settings, JOBSTORE_CAPACITY) as number,
      expiration: configValue(settings, JOBSTORE_EXPIRATION) as number,
    },
    operations: configValue(settings, OPERATION_EXPIRATION) as number,
    jobDefaults: asText(jobDefaults(configuration)),
    described: describeConfiguration(configuration),
  };
}

function asText(settings: Config): Readonly<Record<string, string>> {
  const byKey = new Map(
    (OPTIONS as readonly unknown[] as readonly ConfigOption[]).map((option) => [option.key, option]),
  );
  return Object.fromEntries(
    Object.entries(settings).map(([key, value]) => [key, byKey.get(key)?.format(value) ?? String(value)]),
  );
}
