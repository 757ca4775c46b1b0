import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { builtEngine } from "../testing/built-engine.ts";

/** A process is killed after this many milliseconds: a test that waits for it fails with what it printed. */
const LIMIT = 100_000;

/** Variables that change what processes print, which test runners and terminals set. */
const RUNNERS = new Set(["NODE_OPTIONS", "NODE_V8_COVERAGE", "NO_COLOR", "FORCE_COLOR", "MILLRACE_DEBUG"]);

/** How a process ended, and what it printed. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

/** How a process is started. */
export interface StartOptions {
  /** Its standard input, which ends with it; default nothing. */
  readonly input?: string;
  /** Keeps standard input open. */
  readonly keepInput?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * A user's folder with jobs, and a built Millrace installed beside them: what the tests here run is what users run, and nobody else's build
 * gets in its way.
 */
export class Workplace {
  /** Where commands run: holds `jobs/` and `fixtures/`. */
  readonly folder: string;
  /** The launcher's path. */
  readonly launcher: string;
  readonly #root: string;

  private constructor(root: string, engine: string) {
    this.#root = root;
    this.launcher = join(engine, "bin/millrace.js");
    this.folder = join(root, "jobs");
  }

  static async create(): Promise<Workplace> {
    const root = realpathSync(mkdtempSync(join(tmpdir(), "millrace-cli-")));
    const engine = await builtEngine();
    mkdirSync(join(root, "jobs/node_modules"), { recursive: true });
    symlinkSync(engine, join(root, "jobs/node_modules/millrace"), "dir");
    for (const part of ["jobs", "fixtures"]) {
      cpSync(join(import.meta.dirname, part), join(root, "jobs", part), { recursive: true });
    }
    return new Workplace(root, engine);
  }

  remove(): void {
    rmSync(this.#root, { recursive: true, force: true });
  }

  /** The environment of processes: nothing of the test runner's that would change what they print. */
  environment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
    const kept = Object.entries(process.env).filter(([name]) => !RUNNERS.has(name));
    return { ...Object.fromEntries(kept), ...more };
  }

  /** Starts `millrace` with these arguments. */
  start(args: readonly string[], options: StartOptions = {}): ChildProcessWithoutNullStreams {
    return this.#spawn([this.launcher, ...args], options);
  }

  /** Runs `millrace` to its end. */
  run(args: readonly string[], options: StartOptions = {}): Promise<Ended> {
    return ended(this.start(args, options));
  }

  /** Runs `node` with these arguments to its end. */
  node(args: readonly string[], options: StartOptions = {}): Promise<Ended> {
    return ended(this.#spawn(args, options));
  }

  #spawn(args: readonly string[], { input, keepInput, env }: StartOptions): ChildProcessWithoutNullStreams {
    const child = spawn(process.execPath, args, {
      cwd: this.folder,
      env: this.environment(env),
      timeout: LIMIT,
    });
    // One that ends before it has read everything is no failure of the test's.
    child.stdin.on("error", () => {});
    if (input !== undefined) child.stdin.write(input);
    if (keepInput !== true) child.stdin.end();
    return child;
  }
}

/** Waits for a process's end. To be called before anything of its output is awaited. */
export async function ended(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  return { code, signal, out, err };
}

/** Asks a process to end as somebody who presses Ctrl-C again: what comes sooner is taken for one and the same. */
export async function interruptAgain(child: ChildProcessWithoutNullStreams): Promise<void> {
  await setTimeout(200);
  child.kill("SIGINT");
}

/** Waits until a process has printed `text` on a stream. */
export async function printed(stream: NodeJS.ReadableStream, text: string): Promise<void> {
  let seen = "";
  await new Promise<void>((resolve, reject) => {
    stream.on("data", (chunk: Buffer | string) => {
      seen += chunk.toString();
      if (seen.includes(text)) resolve();
    });
    stream.on("close", () => reject(new Error(`ended before it printed ${JSON.stringify(text)}: ${seen}`)));
  });
}
