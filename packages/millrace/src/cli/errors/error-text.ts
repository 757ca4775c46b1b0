import { MillraceError, type ErrorCode } from "../../common/errors/millrace-error.ts";
import type { Style } from "../terminal/style.ts";
import { errorChain } from "./error-chain.ts";
import { stackFrames } from "./stack-frames.ts";
import { isUserFrame, showFrame, showPath } from "./user-frames.ts";

/** The most frames shown of a stack. */
const MAX_FRAMES = 8;
/** The most causes shown. */
const MAX_CAUSES = 3;

/** Failures of functions and data, which the engine's frames say nothing about, whatever was thrown. */
const OUTSIDE_CAUSES: ReadonlySet<ErrorCode> = new Set([
  "USER_FUNCTION_FAILED",
  "JOB_MODULE_INVALID",
  "MALFORMED_RECORD",
]);

/** How an error is shown. */
export interface ErrorTextOptions {
  readonly style: Style;
  /** Paths inside it are shown relative to it. */
  readonly cwd: string;
  /** Whole stacks of all causes, the engine's frames included. */
  readonly verbose: boolean;
}

/**
 * An error as one block: what happened, with its code; where in the user's code; what caused it, unless the message says so already; and
 * what to do about it.
 *
 * @example
 * ```text
 * error[USER_FUNCTION_FAILED]: operator "parse" (uid 2f..., subtask 1 of 2) failed: SyntaxError: Unexpected end of JSON input
 *   record: "{"
 *     at parse (jobs/words.ts:12:20)
 * help: ...
 * ```
 */
export function errorText(error: unknown, options: ErrorTextOptions): string {
  const chain = errorChain(error);
  const outer = chain[0] as Error;
  const { style } = options;
  const lines = [
    `${style.red(style.bold(`error[${codeOf(outer)}]`))}: ${pathsShown(messageOf(outer), options)}`,
  ];
  lines.push(
    ...(options.verbose ? wholeStack(outer) : userStack(chain, options).map((frame) => style.dim(frame))),
  );
  lines.push(...causes(chain, options));
  const help = chain
    .map((link) => (MillraceError.is(link) ? link.help : undefined))
    .find((it) => it !== undefined);
  if (help !== undefined) lines.push(`${style.cyan("help")}: ${help}`);
  return lines.join("\n");
}

/** The code that stands in brackets: Millrace's, the system's (ENOENT), or that of an error which nobody foresaw. */
export function codeOf(error: Error): string {
  const { code } = error as { readonly code?: unknown };
  return typeof code === "string" && code !== "" ? code : "INTERNAL";
}

/** An unforeseen error's class says more than its code. */
function messageOf(error: Error): string {
  const text = error.message === "" ? "(no message)" : error.message;
  return MillraceError.is(error) || error.name === "Error" ? text : `${error.name}: ${text}`;
}

/** Addresses of files, as the engine names modules, become paths. */
function pathsShown(text: string, { cwd }: ErrorTextOptions): string {
  return text.replace(/file:\/\/\/[^\s"'`:,;()]+/gu, (url) => showPath(url, cwd));
}

/** Frames of the user's code from the innermost error that has some; all frames of an error that is the engine's own fault. */
function userStack(chain: readonly Error[], { cwd }: ErrorTextOptions): string[] {
  for (const error of [...chain].reverse()) {
    const frames = stackFrames(error.stack).filter(isUserFrame);
    if (frames.length === 0) continue;
    return [
      ...frames.slice(0, MAX_FRAMES).map((frame) => `    at ${showFrame(frame, cwd)}`),
      ...(frames.length > MAX_FRAMES ? [`    ... ${frames.length - MAX_FRAMES} more`] : []),
    ];
  }
  const innermost = chain.at(-1) as Error;
  const foreseen = chain.some((link) => MillraceError.is(link) && OUTSIDE_CAUSES.has(link.code));
  return codeOf(innermost) === "INTERNAL" && !foreseen ? wholeStack(innermost) : [];
}

function wholeStack(error: Error): string[] {
  return stackFrames(error.stack).map(({ text }) => `    at ${text}`);
}

/** Causes that tell something new. */
function causes(chain: readonly Error[], options: ErrorTextOptions): string[] {
  const { verbose, style } = options;
  const lines: string[] = [];
  let told = (chain[0] as Error).message;
  for (const cause of chain.slice(1, verbose ? undefined : 1 + MAX_CAUSES)) {
    const known = told.includes(cause.message);
    if (!verbose && known) continue;
    told += `\n${cause.message}`;
    const code = (cause as { readonly code?: unknown }).code;
    const tag = typeof code === "string" ? ` [${code}]` : "";
    lines.push(`${style.yellow("caused by")}: ${cause.name}${tag}: ${pathsShown(cause.message, options)}`);
    if (verbose) lines.push(...wholeStack(cause));
  }
  return lines;
}
