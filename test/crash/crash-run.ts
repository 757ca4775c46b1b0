import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startAttempt } from "./attempt.ts";
import type { JobCommand } from "./attempt.ts";

/** How a crash run is set up. */
export interface CrashRun extends JobCommand {
  /** An empty folder. */
  readonly folder: string;
  readonly records: number;
  /** ms of work for each thousand records. */
  readonly spin: number;
  /** How often the process is to be killed before it may finish. */
  readonly kills: number;
  /** Settings of the job, as `key=value`. */
  readonly settings: readonly string[];
  /** Parallelisms in turn: a restart may have another one than the attempt before. */
  readonly parallelism: readonly number[];
  /** Draws numbers from 0 to 1. */
  readonly random: () => number;
  /** Arguments of the job, where they are not those of `totals`. */
  readonly args?: (output: string) => readonly string[];
  /** What the job reads, if it is not `records`. */
  readonly count?: number;
  readonly log?: (line: string) => void;
}

const aMoment = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 10));

/** What happened. */
export interface CrashReport {
  readonly kills: number;
  /** Kills that came before the process had completed a checkpoint of its own. */
  readonly withoutProgress: number;
  readonly attempts: number;
  readonly lines: readonly string[];
}

const FILES = 3;
/** An attempt that takes longer than this hangs, ms. */
const LIMIT = 120_000;

/** Writes the input: purchases in the order of time, a little shuffled, over a few files. */
export function writeInput(folder: string, records: number): void {
  mkdirSync(folder, { recursive: true });
  for (let file = 0; file < FILES; file++) {
    const lines: string[] = [];
    for (let id = Math.ceil((file * records) / FILES); id < Math.ceil(((file + 1) * records) / FILES); id++) {
      const at = id * 2 - ((id * 7919) % 400);
      lines.push(
        JSON.stringify({ id, user: `user-${(id * 31) % 257}`, shop: id % 11, amount: (id * 17) % 1000, at }),
      );
    }
    writeFileSync(join(folder, `part-${file}.jsonl`), `${lines.join("\n")}\n`);
  }
}

/** Everything that is visible in the folder of a file sink, sorted. */
export function readOutput(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => !name.split("/").some((part) => /^[._]/u.test(part)))
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .flatMap((path) => readFileSync(path, "utf8").trimEnd().split("\n"))
    .filter((line) => line !== "")
    .sort();
}

/** The newest checkpoint below the folder that is complete; undefined before the first. Processes may be at work there. */
export function newestCheckpoint(folder: string): string | undefined {
  return (
    namesIn(folder)
      .flatMap((job) => namesIn(join(folder, job)).map((name) => join(folder, job, name)))
      .flatMap((path) => {
        const number = Number(/chk-(\d+)$/u.exec(path)?.[1] ?? Number.NaN);
        const at = statSync(join(path, "_metadata"), { throwIfNoEntry: false })?.mtimeMs;
        return Number.isNaN(number) || at === undefined ? [] : [{ path, number, at }];
      })
      // The clock of files is coarse: of those of one tick the last has the highest number.
      .sort((a, b) => b.at - a.at || b.number - a.number)[0]?.path
  );
}

/** None where there is no folder, or none any more. */
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
    throw error;
  }
}

/**
 * Runs a job to its end though its process is killed again and again, at random moments, by SIGKILL; each time it starts again from the newest
 * complete checkpoint, as an operator would start it.
 *
 * @throws when an attempt ends in another way than it should
 */
export async function crashRun(run: CrashRun): Promise<CrashReport> {
  const input = join(run.folder, "input");
  const output = join(run.folder, "output");
  const checkpoints = join(run.folder, "checkpoints");
  const hurry = join(run.folder, "hurry");
  // What all attempts read that are killed leaves something for the last one.
  const most = Math.max(...run.parallelism) * (run.kills + 2);
  const atMost = String(Math.ceil((run.count ?? run.records) / most));
  writeInput(input, run.records);
  let kills = 0;
  let withoutProgress = 0;
  for (let attempt = 0; ; attempt++) {
    const from = newestCheckpoint(checkpoints);
    // Until then none comes to its end, whenever it is killed.
    if (kills === run.kills) writeFileSync(hurry, "");
    const parallelism = run.parallelism[attempt % run.parallelism.length] as number;
    const { child, ended } = startAttempt(run, {
      parallelism,
      from,
      settings: [
        "execution.checkpointing.interval=40 ms",
        `execution.checkpointing.dir=${checkpoints}`,
        ...run.settings,
      ],
      args: [
        ...(run.args?.(output) ?? ["--input", input, "--output", output, "--spin", String(run.spin)]),
        `--hurry=${hurry}`,
        `--at-most=${atMost}`,
      ],
    });
    let killed = false;
    const process = { over: false };
    void ended.then(() => (process.over = true));
    const kill = (): void => {
      killed = true;
      child.kill("SIGKILL");
    };
    // Every other attempt dies at any moment; the others when they have come a checkpoint further, so that the run gets on.
    let timer: NodeJS.Timeout;
    if (kills >= run.kills) timer = setTimeout(kill, LIMIT);
    else if (attempt % 2 === 0) timer = setTimeout(kill, 200 + run.random() * 1300);
    else {
      const until = performance.now() + LIMIT;
      while (!process.over && newestCheckpoint(checkpoints) === from && performance.now() < until)
        await aMoment();
      timer = setTimeout(kill, run.random() * 300);
    }
    const { code, signal, said } = await ended;
    clearTimeout(timer);
    if (killed && kills >= run.kills) throw new Error(`attempt ${attempt} hangs:\n${said}`);
    if (killed && signal === "SIGKILL") {
      kills++;
      if (newestCheckpoint(checkpoints) === from) withoutProgress++;
      run.log?.(
        `attempt ${attempt} (parallelism ${parallelism}) killed, ${readOutput(output).length} lines are visible`,
      );
      continue;
    }
    if (code !== 0)
      throw new Error(`attempt ${attempt} from ${from ?? "nothing"} ended with ${code ?? signal}:\n${said}`);
    return { kills, withoutProgress, attempts: attempt + 1, lines: readOutput(output) };
  }
}

/** What the job writes when nobody disturbs it, computed by plain code. */
export function expectedOutput(folder: string): readonly string[] {
  const lines: string[] = [];
  const counts = new Map<string, number>();
  const windows = new Map<string, { n: number; sum: number }>();
  const timers = new Set<string>();
  for (const name of readdirSync(folder)) {
    for (const line of readFileSync(join(folder, name), "utf8").trimEnd().split("\n")) {
      const { user, amount, at } = JSON.parse(line) as { user: string; amount: number; at: number };
      const n = (counts.get(user) ?? 0) + 1;
      counts.set(user, n);
      lines.push(`${user} #${n}`);
      timers.add(`${user} timer ${Math.floor(at / 5000) * 5000 + 5000}`);
      const key = `${user} ${Math.floor(at / 1000) * 1000}`;
      const window = windows.get(key) ?? { n: 0, sum: 0 };
      windows.set(key, { n: window.n + 1, sum: window.sum + amount });
    }
  }
  for (const [key, { n, sum }] of windows) lines.push(`${key} ${n} ${sum}`);
  return [...lines, ...timers].map((text) => JSON.stringify({ text })).sort();
}

/** What an at-least-once run of `totals` has lost: sums may be too great, but every number of a user and every timer must be there. */
export function missing(lines: readonly string[], expected: readonly string[]): readonly string[] {
  const there = new Set(lines);
  return expected.filter((line) => /#|timer/u.test(line) && !there.has(line));
}
