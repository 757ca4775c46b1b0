import { configValue } from "../../../common/config/configuration.ts";
import type { Config } from "../../../common/config/configuration.ts";
import type { ConfigOption } from "../../../common/config/config-option.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";

/** What is set for an option that has a default. */
export function setting<T>(config: Config, option: ConfigOption<string, T>): T {
  const value = configValue(config, option);
  if (value === undefined) throw new MillraceError("INTERNAL", `${option.key} has no default`);
  return value;
}
