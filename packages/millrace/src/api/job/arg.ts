import { parseBoolean, parseDuration, parseInteger, parseNumber } from "../../common/config/parse-value.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { preview } from "../../common/errors/preview.ts";
import type { Duration } from "../../common/time/durations.ts";

/** An argument of a job. Made by `arg`; immutable. @typeParam T its value's type */
export interface ArgSpec<T> {
  readonly "~millrace": "arg";
  /** For help and messages: "path", "int", "one of json, csv". */
  readonly kind: string;
  readonly help: string | undefined;
  readonly required: boolean;
  readonly defaultValue: T | undefined;
  /** A flag: `--verbose` means true, `--no-verbose` false. */
  readonly flag: boolean;
  /** What is said of a value that is not one: "a whole number". */
  readonly expected: string;
  /** The value of a text or of a value given by a program; undefined where it is none. */
  read(given: unknown, context: ArgContext): T | undefined;
  /**
   * May be left out: then undefined.
   *
   * @example `arg.string().optional()`
   */
  optional(): ArgSpec<T | undefined>;
  /**
   * May be left out: then this value.
   *
   * @throws MillraceError INVALID_ARGUMENT when the value is none of this kind
   * @example `arg.int().default(10)`
   */
  default(value: T): ArgSpec<T>;
  /**
   * Says what the argument is for, in `millrace info` and in messages.
   *
   * @example `arg.path().describe("the flights, as Parquet")`
   */
  describe(text: string): ArgSpec<T>;
}

/** What reading an argument depends on. */
export interface ArgContext {
  /** Makes a path absolute. */
  resolvePath(path: string): string;
}

/** The argument of a spec's type. */
export type ArgValue<A> = A extends ArgSpec<infer T> ? T : never;

/** The arguments that a job declares, by name. */
// Specs are read and written by name only: `any` stands for every kind.
export type ArgSpecs = Readonly<Record<string, ArgSpec<any>>>;

/** The values of declared arguments, as the job's builder gets them. */
export type ArgValues<A extends ArgSpecs> = { readonly [N in keyof A]: ArgValue<A[N]> } & {};

/**
 * The kinds of arguments that a job can declare. Each must be given unless it is `.optional()` or has a `.default(...)`.
 *
 * @example
 * ```ts
 * job(import.meta, "delays", { args: { input: arg.path(), top: arg.int().default(10) } }, (env, args) => { ... });
 * ```
 */
export const arg = Object.freeze({
  /** A text. @example `arg.string()` */
  string: (): ArgSpec<string> => spec({ kind: "string", expected: "a text", read: text }),
  /** A path; one from a command line is made absolute. @example `arg.path()` */
  path: (): ArgSpec<string> =>
    spec({
      kind: "path",
      expected: "a path",
      read: (given, context) =>
        text(given) === undefined || given === "" ? undefined : context.resolvePath(given as string),
    }),
  /** A whole number. @example `arg.int().default(10)` */
  int: (): ArgSpec<number> =>
    spec({
      kind: "int",
      expected: "a whole number",
      read: (given) => {
        const value = typeof given === "string" ? parseInteger(given) : given;
        return Number.isSafeInteger(value) ? (value as number) : undefined;
      },
    }),
  /** A number. @example `arg.number().default(0.5)` */
  number: (): ArgSpec<number> =>
    spec({
      kind: "number",
      expected: "a number",
      read: (given) => {
        const value = typeof given === "string" ? parseNumber(given) : given;
        return typeof value === "number" && Number.isFinite(value) ? value : undefined;
      },
    }),
  /** Yes or no: `--verbose`, `--no-verbose`, `--verbose=false`. @example `arg.boolean().default(false)` */
  boolean: (): ArgSpec<boolean> =>
    spec({
      kind: "boolean",
      expected: "true or false",
      flag: true,
      read: (given) => {
        const value = typeof given === "string" ? parseBoolean(given) : given;
        return typeof value === "boolean" ? value : undefined;
      },
    }),
  /** A length of time, ms: "5 s", "100ms", or a number of ms. @example `arg.duration().default(minutes(5))` */
  duration: (): ArgSpec<Duration> =>
    spec({
      kind: "duration",
      expected: 'a duration such as "5 s"',
      read: (given) => {
        const value = typeof given === "string" ? parseDuration(given) : given;
        return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;
      },
    }),
  /** One of these texts. @example `arg.oneOf("json", "csv").default("json")` */
  oneOf: <const V extends readonly [string, ...string[]]>(...values: V): ArgSpec<V[number]> =>
    spec<V[number]>({
      kind: `one of ${values.join(", ")}`,
      expected: `one of ${values.join(", ")}`,
      read: (given) => (values.includes(given as string) ? (given as V[number]) : undefined),
    }),
});

interface Fields<T> {
  readonly kind: string;
  readonly expected: string;
  readonly flag?: boolean;
  readonly help?: string | undefined;
  readonly required?: boolean;
  readonly defaultValue?: T | undefined;
  read(given: unknown, context: ArgContext): T | undefined;
}

function spec<T>(fields: Fields<T>): ArgSpec<T> {
  return Object.freeze({
    "~millrace": "arg" as const,
    kind: fields.kind,
    expected: fields.expected,
    flag: fields.flag ?? false,
    help: fields.help,
    required: fields.required ?? true,
    defaultValue: fields.defaultValue,
    read: (given: unknown, context: ArgContext) => fields.read(given, context),
    optional: () => spec<T | undefined>({ ...fields, required: false }),
    default: (value: T) => {
      if (fields.read(value, { resolvePath: (path) => path }) === undefined) {
        throw new MillraceError(
          "INVALID_ARGUMENT",
          `the default must be ${fields.expected}, got ${preview(value)}`,
        );
      }
      return spec<T>({ ...fields, required: false, defaultValue: value });
    },
    describe: (help: string) => spec<T>({ ...fields, help }),
  });
}

const text = (given: unknown): string | undefined => (typeof given === "string" ? given : undefined);
