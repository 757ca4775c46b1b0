import type { ConfigOption } from "../../common/config/config-option.ts";
import { OPTIONS } from "../../common/config/options.ts";
import { wrap } from "../format/wrap.ts";

/** Columns of the terminal that help is written for. */
const WIDTH = 100;

/** Below the help of `millrace`. */
export const PROGRAM_EXAMPLES = `
Examples:
  $ millrace run job.ts                        run a job with one slot for each core
  $ millrace run job.ts -- --input data.csv    arguments of the job itself come after --
  $ millrace run --help                        what else can be said
  $ millrace info job.ts                       its plan
`;

/** Below the help of `millrace run`. */
export const RUN_EXAMPLES = `
Examples:
  $ millrace run job.ts -p 4 -- --input flights.csv --output delays
  $ millrace run job.ts -D execution.buffer-timeout.interval="5 ms"
  $ tail -f app.log | millrace run errors.ts   standard input as a source; -p 1 keeps its order
  $ millrace run job.ts -- --help              the job's own arguments
  $ millrace run job.ts --json 2> run.jsonl    progress and summary for programs

Progress, log and summary go to standard error: standard output is the job's own.
Ctrl-C stops the job cleanly, a second one at once.

Exit codes:
  0    the job finished
  1    it failed
  2    nothing ran: the command line, the module or the job's arguments are wrong
  130  stopped by Ctrl-C (143 by SIGTERM, 129 by SIGHUP)
  141  nobody reads its standard output any more
`;

/** Below the help of `millrace info`. */
export const INFO_EXAMPLES = `
Examples:
  $ millrace info job.ts
  $ millrace info job.ts -p 4 -- --input flights.csv
  $ millrace info job.ts --json > plan.json
`;

/** The settings that `-D` takes, with their defaults. */
export function settingsHelp(): string {
  const lines = OPTIONS.flatMap((each) => {
    const option = each as unknown as ConfigOption;
    const value = option.defaultValue === undefined ? "" : ` (default ${option.format(option.defaultValue)})`;
    return [
      `  ${option.key}`,
      ...wrap(`${option.description}${value}`, WIDTH - 6).map((line) => `      ${line}`),
    ];
  });
  return `\nSettings for -D:\n${lines.join("\n")}\n`;
}
