import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { didYouMean } from "../../common/errors/did-you-mean.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { isSecretSetting } from "../../common/config/secret-settings.ts";
import { PROCESS_OPTIONS } from "./cluster-configuration.ts";
import type { ClusterConfiguration } from "./cluster-configuration.ts";
import { readSettings } from "./read-settings.ts";
import type { ReadSettings, SettingProblem } from "./read-settings.ts";

/** Where a process looks for its settings, in rising order. */
export interface ConfigurationSources {
  /** A configuration file; it must be there. Default: `config.yaml` in the folder that MILLRACE_CONF_DIR names; none where it names none. */
  readonly file?: string | undefined;
  /** Of the command line: `-D key=value`, without the `-D`. The last one wins. */
  readonly dynamic?: readonly string[] | undefined;
  /** MILLRACE_CONF_DIR, and MILLRACE_PROPERTIES with settings as in the file. Default: the process's own. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

const BY_KEY = new Map(PROCESS_OPTIONS.map((option) => [option.key, option]));

/**
 * The settings of a process of a cluster, checked: the file, then MILLRACE_PROPERTIES, then the command line.
 *
 * @throws MillraceError INVALID_OPTION or UNKNOWN_OPTION that tells of each wrong setting, with its file and line
 * @example
 * ```ts
 * const { settings } = await loadClusterConfiguration({ dynamic: ["taskmanager.numberOfTaskSlots=4"] });
 * const slots = configValue(settings, TASKMANAGER_SLOTS);
 * ```
 */
export async function loadClusterConfiguration(
  sources: ConfigurationSources = {},
): Promise<ClusterConfiguration> {
  const { file, dynamic = [], env = process.env } = sources;
  const folder = env["MILLRACE_CONF_DIR"];
  const path = file ?? (folder === undefined || folder === "" ? undefined : join(folder, "config.yaml"));
  const properties = env["MILLRACE_PROPERTIES"];
  const layers: readonly ReadSettings[] = [
    ...(path === undefined ? [] : [uniqueKeys(readSettings(await read(path), path))]),
    ...(properties === undefined ? [] : [readSettings(properties, "MILLRACE_PROPERTIES")]),
    readArguments(dynamic),
  ];
  return parse(layers);
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new MillraceError(
      "INVALID_OPTION",
      `the configuration file ${path} can't be read: ${(error as Error).message}`,
      {
        cause: error,
        help: "Name another one, or unset MILLRACE_CONF_DIR to run with the defaults.",
      },
    );
  }
}

function readArguments(args: readonly string[]): ReadSettings {
  const settings: { key: string; value: string; origin: string }[] = [];
  const problems: SettingProblem[] = [];
  for (const arg of args) {
    const at = arg.indexOf("=");
    if (at > 0) settings.push({ key: arg.slice(0, at).trim(), value: arg.slice(at + 1), origin: "-D" });
    else problems.push({ origin: "-D", message: `expected key=value, got ${JSON.stringify(arg)}` });
  }
  return { settings, problems };
}

/** A file says each thing once: whoever reads it must not have to look for the one that counts. */
function uniqueKeys({ settings, problems }: ReadSettings): ReadSettings {
  const first = new Map<string, string>();
  const repeated: SettingProblem[] = [];
  for (const { key, origin } of settings) {
    const before = first.get(key);
    if (before === undefined) first.set(key, origin);
    else repeated.push({ origin, message: `setting ${key} was given before, at ${before}` });
  }
  return { settings, problems: [...problems, ...repeated] };
}

function parse(layers: readonly ReadSettings[]): ClusterConfiguration {
  const settings: Record<string, unknown> = {};
  const origins: Record<string, string> = {};
  const failures: { readonly origin: string; readonly error: MillraceError }[] = [];
  for (const { settings: written, problems } of layers) {
    for (const { origin, message } of problems)
      failures.push({ origin, error: new MillraceError("INVALID_OPTION", message) });
    for (const { key, value, origin } of written) {
      try {
        settings[key] = parseSetting(key, value);
        origins[key] = origin;
      } catch (error) {
        failures.push({ origin, error: error as MillraceError });
      }
    }
  }
  if (failures.length === 0) return { settings: Object.freeze(settings), origins: Object.freeze(origins) };
  const [first] = failures as [(typeof failures)[number]];
  const lines = failures.map(({ origin, error }) => `${origin}: ${error.message}`);
  throw new MillraceError(
    first.error.code,
    lines.length === 1 ? (lines[0] as string) : `${lines.length} settings are wrong\n${lines.join("\n")}`,
    { details: { problems: lines } },
  );
}

function parseSetting(key: string, value: unknown): unknown {
  const option = BY_KEY.get(key);
  if (option === undefined) {
    const guess = didYouMean(key, [...BY_KEY.keys()]);
    // Hundreds of known ones are no help.
    const hint = guess.startsWith("known are") ? "docs/operations.md lists all there are" : guess;
    throw new MillraceError("UNKNOWN_OPTION", `unknown option ${key}; ${hint}`, { details: { option: key } });
  }
  try {
    return option.parse(value);
  } catch (error) {
    if (!isSecretSetting(key)) throw error;
    throw new MillraceError("INVALID_OPTION", `option ${key} must be a text that is not empty`);
  }
}
