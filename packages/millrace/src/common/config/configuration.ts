import { didYouMean } from "../errors/did-you-mean.ts";
import { MillraceError } from "../errors/millrace-error.ts";
import { preview } from "../errors/preview.ts";
import type { ConfigOption } from "./config-option.ts";
import { OPTIONS } from "./options.ts";

/** Parsed settings by key, plain data: what a stream graph carries. Options that nobody set are absent. */
export type Config = Readonly<Record<string, unknown>>;

const BY_KEY: ReadonlyMap<string, ConfigOption> = new Map(
  OPTIONS.map((option) => [option.key, option as unknown as ConfigOption]),
);

/**
 * The settings of a program, checked and parsed.
 *
 * @throws MillraceError UNKNOWN_OPTION with what was perhaps meant, INVALID_OPTION
 * @example `parseConfig({ "execution.buffer-timeout.interval": "5 ms" })`
 */
export function parseConfig(values: Readonly<Record<string, unknown>>): Config {
  if (typeof values !== "object" || values === null) {
    throw new MillraceError(
      "INVALID_OPTION",
      `settings are an object of option keys, got ${preview(values)}`,
    );
  }
  return Object.freeze(
    Object.fromEntries(
      Object.entries(values)
        .filter(([, value]) => value !== undefined)
        .map(([key, value]) => [key, optionOf(key).parse(value)]),
    ),
  );
}

/**
 * The settings of `-D key=value` arguments; later ones win.
 *
 * @throws MillraceError UNKNOWN_OPTION, INVALID_OPTION
 * @example `parseConfigArguments(["parallelism.default=4", "pipeline.auto-watermark-interval=50 ms"])`
 */
export function parseConfigArguments(args: readonly string[]): Config {
  const entries = args.map((arg) => {
    const at = arg.indexOf("=");
    if (at <= 0) {
      throw new MillraceError("INVALID_OPTION", `-D takes key=value, got ${preview(arg)}`, {
        help: "Write -D parallelism.default=4.",
      });
    }
    return [arg.slice(0, at).trim(), arg.slice(at + 1)] as const;
  });
  return parseConfig(Object.fromEntries(entries));
}

/** What is set for an option, or its default. */
export function configValue<T>(
  config: Config,
  option: ConfigOption<string, T> & { readonly defaultValue: T },
): T;
export function configValue<T>(config: Config, option: ConfigOption<string, T>): T | undefined;
export function configValue<T>(config: Config, option: ConfigOption<string, T>): T | undefined {
  const value = config[option.key];
  return value === undefined ? option.defaultValue : (value as T);
}

/** The settings with the defaults of all options that have one. */
export const withDefaults = (config: Config): Config =>
  Object.freeze({
    ...Object.fromEntries(
      OPTIONS.filter(({ defaultValue }) => defaultValue !== undefined).map(({ key, defaultValue }) => [
        key,
        defaultValue,
      ]),
    ),
    ...config,
  });

function optionOf(key: string): ConfigOption {
  const option = BY_KEY.get(key);
  if (option !== undefined) return option;
  throw new MillraceError("UNKNOWN_OPTION", `unknown option ${key}; ${didYouMean(key, [...BY_KEY.keys()])}`, {
    details: { option: key },
  });
}
