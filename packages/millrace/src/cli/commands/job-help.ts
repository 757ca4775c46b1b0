import type { ArgDescription, JobProgram } from "../../graph/stream/job-program.ts";
import { oneLine, textWidth } from "../format/text-width.ts";
import { wrap } from "../format/wrap.ts";

/** Columns that help is written for, and those that the names of arguments take at most. */
const WIDTH = 100;
const NAMES = 36;

/**
 * What a job says of itself and its own arguments.
 *
 * @example
 * ```text
 * delays: The worst airports of each day
 *
 * Arguments of the job, after --:
 *   --input <path>   flights to read (required)
 *   --days <int>     how many days to show (default 7)
 * ```
 */
export function jobHelp({ name, description, args }: JobProgram): string {
  const title = `${oneLine(name)}${description === undefined ? "" : `: ${description}`}`;
  if (args.length === 0) return `${title}\n\nThe job takes no arguments of its own.`;
  const names = args.map(usageOf);
  const column = 2 + Math.min(NAMES, Math.max(...names.map(textWidth))) + 3;
  const lines = args.flatMap((arg, index) => {
    const label = `  ${names[index] ?? ""}`;
    const about = wrap(aboutArg(arg), WIDTH - column);
    const apart = textWidth(label) + 2 > column;
    const rest = (apart ? about : about.slice(1)).map((line) => `${" ".repeat(column)}${line}`);
    return [apart ? label : `${label.padEnd(column)}${about[0] ?? ""}`.trimEnd(), ...rest];
  });
  return `${title}\n\nArguments of the job, after --:\n${lines.join("\n")}`;
}

/** @example "--input <path>", "--format <json|csv>", "--verbose" */
function usageOf({ name, kind }: ArgDescription): string {
  const flag = `--${name.replaceAll(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`)}`;
  if (kind === "boolean") return flag;
  return `${flag} <${kind.replace(/^one of /u, "").replaceAll(", ", "|")}>`;
}

function aboutArg({ description, required, defaultText }: ArgDescription): string {
  const rule = required
    ? "(required)"
    : defaultText === undefined
      ? "(optional)"
      : `(default ${defaultText})`;
  return description === undefined ? rule : `${description} ${rule}`;
}
