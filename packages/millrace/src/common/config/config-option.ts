import { MillraceError } from "../errors/millrace-error.ts";
import { preview } from "../errors/preview.ts";
import type { Duration } from "../time/durations.ts";
import {
  formatDuration,
  formatMemory,
  parseBoolean,
  parseDuration,
  parseInteger,
  parseMemory,
} from "./parse-value.ts";

/** What an option's value is: durations are ms, memory is bytes. */
export type OptionKind = "integer" | "number" | "boolean" | "duration" | "memory" | "string" | "choice";

/** A setting, defined once: the docs, the command line's help and the config endpoint come from it. Immutable. */
export interface ConfigOption<K extends string = string, T = unknown, N extends OptionKind = OptionKind> {
  readonly key: K;
  readonly kind: N;
  /** Undefined where the value depends on the machine or on other settings; `description` says on what. */
  readonly defaultValue: T | undefined;
  readonly description: string;
  /** A value from a program or a command line, as the runtime takes it. @throws MillraceError INVALID_OPTION */
  parse(value: unknown): T;
  /** A value as people write it. */
  format(value: T): string;
}

interface Definition<T> {
  readonly defaultValue?: T;
  readonly description: string;
  readonly min?: number;
  readonly max?: number;
}

/** A whole number. */
export const integerOption = <const K extends string>(
  key: K,
  definition: Definition<number>,
): ConfigOption<K, number, "integer"> =>
  numberOption(key, "integer", "a whole number", definition, parseInteger, String);

/** A length of time; ms where a number is given. */
export const durationOption = <const K extends string>(
  key: K,
  definition: Definition<Duration>,
): ConfigOption<K, Duration, "duration"> =>
  numberOption(key, "duration", 'a duration such as "200 ms"', definition, parseDuration, formatDuration);

/** A number of bytes. */
export const memoryOption = <const K extends string>(
  key: K,
  definition: Definition<number>,
): ConfigOption<K, number, "memory"> =>
  numberOption(key, "memory", 'a size such as "32 kb"', definition, parseMemory, formatMemory);

/** Yes or no. */
export const booleanOption = <const K extends string>(
  key: K,
  definition: Definition<boolean>,
): ConfigOption<K, boolean, "boolean"> =>
  Object.freeze({
    key,
    kind: "boolean" as const,
    defaultValue: definition.defaultValue,
    description: definition.description,
    parse(value: unknown): boolean {
      const parsed = typeof value === "string" ? parseBoolean(value) : value;
      if (typeof parsed !== "boolean") throw invalid(key, "true or false", value);
      return parsed;
    },
    format: String,
  });

/** A number, with fractions. */
export const fractionOption = <const K extends string>(
  key: K,
  definition: Definition<number>,
): ConfigOption<K, number, "number"> =>
  numberOption(key, "number", "a number", definition, parseFraction, String);

/** One of a few words; case and `_` for `-` don't matter. */
export const choiceOption = <const K extends string, const T extends string>(
  key: K,
  choices: readonly T[],
  definition: Definition<T>,
): ConfigOption<K, T, "choice"> => {
  const plain = (text: string): string => text.toLowerCase().replaceAll("_", "-");
  return Object.freeze({
    key,
    kind: "choice" as const,
    defaultValue: definition.defaultValue,
    description: `${definition.description} One of ${choices.join(", ")}.`,
    parse(value: unknown): T {
      const found =
        typeof value === "string" ? choices.find((choice) => plain(choice) === plain(value)) : undefined;
      if (found === undefined) throw invalid(key, `one of ${choices.join(", ")}`, value);
      return found;
    },
    format: (value: T): string => value,
  });
};

/** A text. */
export const stringOption = <const K extends string>(
  key: K,
  definition: Definition<string>,
): ConfigOption<K, string, "string"> =>
  Object.freeze({
    key,
    kind: "string" as const,
    defaultValue: definition.defaultValue,
    description: definition.description,
    parse(value: unknown): string {
      if (typeof value !== "string" || value === "") throw invalid(key, "a text", value);
      return value;
    },
    format: (value: string) => value,
  });

const parseFraction = (text: string): number | undefined =>
  /^\s*[+-]?\d+(\.\d+)?([eE][+-]?\d+)?\s*$/.test(text) ? Number(text) : undefined;

function numberOption<const K extends string, N extends "integer" | "number" | "duration" | "memory">(
  key: K,
  kind: N,
  expected: string,
  definition: Definition<number>,
  parseText: (text: string) => number | undefined,
  format: (value: number) => string,
): ConfigOption<K, number, N> {
  const { defaultValue, description, min = 0, max = Number.MAX_SAFE_INTEGER } = definition;
  return Object.freeze({
    key,
    kind,
    defaultValue,
    description,
    parse(value: unknown): number {
      const parsed = typeof value === "string" ? parseText(value) : value;
      if (
        typeof parsed !== "number" ||
        !(parsed >= min && parsed <= max) ||
        (kind !== "duration" && kind !== "number" && !Number.isInteger(parsed))
      ) {
        const range =
          max === Number.MAX_SAFE_INTEGER ? `from ${format(min)}` : `from ${format(min)} to ${format(max)}`;
        throw invalid(key, `${expected}, ${range}`, value);
      }
      return parsed;
    },
    format,
  });
}

const invalid = (key: string, expected: string, got: unknown): MillraceError =>
  new MillraceError("INVALID_OPTION", `option ${key} must be ${expected}; got ${preview(got)}`, {
    details: { option: key },
  });
