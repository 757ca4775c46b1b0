import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

/** How a job is run by the command line, again and again. */
export interface JobCommand {
  /** Starts `millrace` with arguments: the command, and what comes before them. */
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly job: string;
}

/** One time. */
export interface AttemptOptions {
  readonly parallelism: number;
  /** The checkpoint that it starts from; undefined: from nothing. */
  readonly from: string | undefined;
  /** Settings of the job, as `key=value`. */
  readonly settings: readonly string[];
  /** Arguments of the job. */
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

/** How it ended. */
export interface AttemptEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** All that it said, on both streams. */
  readonly said: string;
}

/** A process that runs a job. */
export interface Attempt {
  readonly child: ChildProcess;
  readonly ended: Promise<AttemptEnd>;
}

/** Starts a job in a process of its own. */
export function startAttempt({ command, cwd, env, job }: JobCommand, options: AttemptOptions): Attempt {
  const { parallelism, from, settings, args } = options;
  const child = spawn(
    command[0] as string,
    [
      ...command.slice(1),
      "run",
      job,
      "-q",
      "-p",
      String(parallelism),
      ...settings.flatMap((setting) => ["-D", setting]),
      ...(from === undefined ? [] : ["-s", from]),
      "--",
      ...args,
    ],
    { cwd, env: { ...env, ...options.env }, stdio: ["ignore", "pipe", "pipe"] },
  );
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  const closed = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
  return { child, ended: closed.then(([code, signal]) => ({ code, signal, said })) };
}
