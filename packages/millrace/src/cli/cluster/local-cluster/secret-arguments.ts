import { readSettings } from "../../../cluster/configuration/read-settings.ts";
import { isSecretSetting } from "../../../common/config/secret-settings.ts";

/** The environment variable that takes settings. */
const PROPERTIES = "MILLRACE_PROPERTIES";

/** How a process is told its settings. */
export interface ToldSettings {
  /** For its command line: `key=value`. */
  readonly shown: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Takes secrets off the command line of a process that lives long: everybody on the machine can read that, and its environment only its
 * owner. What MILLRACE_PROPERTIES says already stays, but for what is told here.
 *
 * @param settings `key=value` of each `-D`
 */
export function hideSecrets(settings: readonly string[], env: NodeJS.ProcessEnv): ToldSettings {
  const isSecret = (setting: string): boolean => isSecretSetting(keyOf(setting));
  const secrets = settings.filter(isSecret);
  if (secrets.length === 0) return { shown: settings, env };
  const before = readSettings(env[PROPERTIES] ?? "", PROPERTIES).settings;
  const properties = Object.fromEntries([
    ...before.map(({ key, value }) => [key, value]),
    ...secrets.map((setting) => [keyOf(setting), setting.slice(setting.indexOf("=") + 1)]),
  ]) as Readonly<Record<string, unknown>>;
  // JSON is YAML.
  return {
    shown: settings.filter((setting) => !isSecret(setting)),
    env: { ...env, [PROPERTIES]: JSON.stringify(properties) },
  };
}

const keyOf = (setting: string): string => setting.slice(0, Math.max(0, setting.indexOf("="))).trim();
