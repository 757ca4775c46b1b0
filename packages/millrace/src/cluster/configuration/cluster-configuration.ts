import { CLUSTER_OPTIONS } from "../../common/config/cluster-options.ts";
import type { ConfigOption } from "../../common/config/config-option.ts";
import { JOB_MANAGER_OPTIONS } from "../../common/config/job-manager-options.ts";
import { OPTIONS } from "../../common/config/options.ts";
import { REST_OPTIONS } from "../../common/config/rest-options.ts";
import { describeSettings } from "../../common/config/secret-settings.ts";

/** The settings of one process of a cluster. */
export interface ClusterConfiguration {
  /**
   * Parsed settings by key, those of processes and those of jobs; what nobody set is absent. Read by
   * `configValue(settings, JOBMANAGER_RPC_PORT)`.
   */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Where each was set: "/etc/millrace/config.yaml:3", "-D". */
  readonly origins: Readonly<Record<string, string>>;
}

/** Everything that a process may be told. */
export const PROCESS_OPTIONS: readonly ConfigOption[] = Object.freeze([
  ...CLUSTER_OPTIONS,
  ...JOB_MANAGER_OPTIONS,
  ...REST_OPTIONS,
  ...(OPTIONS as readonly unknown[] as readonly ConfigOption[]),
]);

const JOB_KEYS: ReadonlySet<string> = new Set(OPTIONS.map(({ key }) => key));

/** The settings of jobs among them: what jobs have that say nothing themselves. */
export const jobDefaults = ({ settings }: ClusterConfiguration): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(settings).filter(([key]) => JOB_KEYS.has(key)));

/** The settings as text, secrets redacted. */
export const describeConfiguration = ({ settings }: ClusterConfiguration): Readonly<Record<string, string>> =>
  describeSettings(settings, PROCESS_OPTIONS);
