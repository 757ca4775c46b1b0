import { didYouMean } from "../../common/errors/did-you-mean.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { preview } from "../../common/errors/preview.ts";
import type { ArgDescription, ArgsInput } from "../../graph/stream/job-program.ts";
import type { ArgContext, ArgSpec, ArgSpecs } from "./arg.ts";

/**
 * The arguments of a job from a command line (`--input flights.csv`, `--input=flights.csv`, `--verbose`, `--no-verbose`; names in
 * camelCase or with dashes) and from a program, which win. Checked, complete, frozen.
 *
 * @throws MillraceError INVALID_OPTION, UNKNOWN_OPTION with what was perhaps meant
 */
export function parseArgs(specs: ArgSpecs, input: ArgsInput): Readonly<Record<string, unknown>> {
  const given = new Map<string, unknown>([
    ...fromArgv(specs, input.argv ?? []),
    ...fromValues(specs, input.values ?? {}),
  ]);
  const context: ArgContext = { resolvePath: input.resolvePath ?? ((path) => path) };
  const values = Object.entries(specs).map(
    ([name, spec]) => [name, valueOf(name, spec, given, context)] as const,
  );
  return Object.freeze(Object.fromEntries(values));
}

/** The arguments described, for help and plans. */
export const describeArgs = (specs: ArgSpecs): readonly ArgDescription[] =>
  Object.freeze(
    Object.entries(specs).map(([name, spec]) =>
      Object.freeze({
        name,
        kind: spec.kind,
        description: spec.help,
        required: spec.required,
        defaultText: spec.defaultValue === undefined ? undefined : String(spec.defaultValue),
      }),
    ),
  );

function valueOf(
  name: string,
  spec: ArgSpec<unknown>,
  given: ReadonlyMap<string, unknown>,
  context: ArgContext,
): unknown {
  if (!given.has(name)) {
    if (!spec.required) return spec.defaultValue;
    throw new MillraceError(
      "INVALID_OPTION",
      `argument ${flag(name)} is missing: ${spec.help ?? spec.expected}`,
      {
        help: `Give it behind --, e.g. millrace run job.ts -- ${flag(name)} ${spec.flag ? "" : `<${spec.kind}>`}`.trimEnd(),
        details: { argument: name },
      },
    );
  }
  const raw = given.get(name);
  const value = spec.read(raw, context);
  if (value !== undefined) return value;
  throw new MillraceError(
    "INVALID_OPTION",
    `argument ${flag(name)} must be ${spec.expected}, got ${preview(raw)}`,
    {
      details: { argument: name },
    },
  );
}

function fromArgv(specs: ArgSpecs, argv: readonly string[]): ReadonlyMap<string, unknown> {
  const given = new Map<string, unknown>();
  const put = (name: string, value: unknown): void => {
    if (given.has(name)) throw new MillraceError("INVALID_OPTION", `argument ${flag(name)} is given twice`);
    given.set(name, value);
  };
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!;
    if (!word.startsWith("--") || word === "--") {
      throw new MillraceError(
        "INVALID_OPTION",
        `expected an argument such as --name value, got ${preview(word)}`,
        {
          help: namesHelp(specs),
        },
      );
    }
    const at = word.indexOf("=");
    const written = at < 0 ? word.slice(2) : word.slice(2, at);
    const name = find(specs, written);
    if (name === undefined) {
      const negated = written.startsWith("no-") ? find(specs, written.slice(3)) : undefined;
      if (negated === undefined || !specs[negated]!.flag || at >= 0) throw unknown(specs, `--${written}`);
      put(negated, false);
    } else if (at >= 0) {
      put(name, word.slice(at + 1));
    } else if (specs[name]!.flag) {
      refuseValue(name, argv[i + 1]);
      put(name, true);
    } else {
      const value = argv[++i];
      if (
        value === undefined ||
        (find(specs, value.replace(/^--/u, "").replace(/=.*/u, "")) !== undefined && value.startsWith("--"))
      ) {
        throw new MillraceError(
          "INVALID_OPTION",
          `argument ${flag(name)} lacks its value: ${specs[name]!.expected}`,
        );
      }
      put(name, value);
    }
  }
  return given;
}

/** A flag's value would otherwise be told to be an argument without a name. */
function refuseValue(name: string, next: string | undefined): void {
  if (next === undefined || next.startsWith("--")) return;
  throw new MillraceError("INVALID_OPTION", `argument ${flag(name)} takes no value, got ${preview(next)}`, {
    help: `Write ${flag(name)} for true, --no-${dashed(name)} for false.`,
    details: { argument: name },
  });
}

function fromValues(
  specs: ArgSpecs,
  values: Readonly<Record<string, unknown>>,
): ReadonlyMap<string, unknown> {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  for (const [name] of entries) if (!Object.hasOwn(specs, name)) throw unknown(specs, name);
  return new Map(entries);
}

/** The declared name of what was written, which may be in dashes. */
function find(specs: ArgSpecs, written: string): string | undefined {
  if (Object.hasOwn(specs, written)) return written;
  return Object.keys(specs).find((name) => dashed(name) === written);
}

const dashed = (name: string): string => name.replaceAll(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`);
const flag = (name: string): string => `--${dashed(name)}`;

const namesHelp = (specs: ArgSpecs): string => {
  const names = Object.keys(specs).map(flag);
  return names.length === 0 ? "The job takes no arguments." : `The job takes ${names.join(", ")}.`;
};

function unknown(specs: ArgSpecs, written: string): MillraceError {
  const dashes = written.startsWith("--");
  const shown = (name: string): string => (dashes ? flag(name) : name);
  const hint = didYouMean(dashes ? written.slice(2) : written, Object.keys(specs), shown);
  return new MillraceError("UNKNOWN_OPTION", `unknown argument ${written}; ${hint}`, {
    help: namesHelp(specs),
    details: { argument: written },
  });
}
