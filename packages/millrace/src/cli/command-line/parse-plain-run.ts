import { NO_CHECKPOINT_FLAGS, type RunRequest } from "./requests.ts";

/** The most subtasks of an operator. */
export const MAX_PARALLELISM = 32_768;

/**
 * Reads the plain lines of `millrace run`: a module, and flags apart from their values. They are most of all lines, and need no parser,
 * whose loading would hold up the job's start.
 *
 * @returns undefined for every other line, wrong ones included: the parser then tells what is wrong
 */
export function parsePlainRun(argv: readonly string[]): RunRequest | undefined {
  const end = argv.indexOf("--");
  const own = end < 0 ? argv : argv.slice(0, end);
  const jobArgs = end < 0 ? [] : argv.slice(end + 1);
  if (own[0] !== "run" || jobArgs.includes("--help") || jobArgs.includes("-h")) return undefined;

  const flags = new Set<string>();
  const settings: string[] = [];
  let module: string | undefined;
  let parallelism: number | undefined;
  for (let i = 1; i < own.length; i++) {
    const word = own[i] as string;
    const flag = FLAGS[word];
    if (flag !== undefined) {
      flags.add(flag);
    } else if (word === "-p" || word === "--parallelism") {
      parallelism = parseParallelism(own[++i]);
      if (parallelism === undefined) return undefined;
    } else if (word === "-D" || word === "--define") {
      const setting = own[++i];
      if (setting === undefined || setting.startsWith("-")) return undefined;
      settings.push(setting);
    } else if (module === undefined && word !== "" && !word.startsWith("-")) {
      module = word;
    } else {
      return undefined;
    }
  }
  if (module === undefined) return undefined;
  const { quiet, json, verbose } = {
    quiet: flags.has("quiet"),
    json: flags.has("json"),
    verbose: flags.has("verbose"),
  };
  return {
    command: "run",
    module,
    parallelism,
    settings,
    jobArgs,
    verbose,
    quiet,
    json,
    checkpoints: NO_CHECKPOINT_FLAGS,
    savepointOnExit: undefined,
    drain: false,
    cluster: undefined,
  };
}

const FLAGS: Readonly<Record<string, string>> = Object.assign(Object.create(null) as Record<string, string>, {
  "-q": "quiet",
  "--quiet": "quiet",
  "--json": "json",
  "-v": "verbose",
  "--verbose": "verbose",
});

/** A whole number that may be a parallelism; undefined where the text is none. */
export function parseParallelism(text: string | undefined): number | undefined {
  const value = Number(text);
  return /^\d+$/u.test(text ?? "") && value >= 1 && value <= MAX_PARALLELISM ? value : undefined;
}
