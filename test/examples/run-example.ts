import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SOURCE_CONDITION } from "../../scripts/build/entries.ts";
import { builtEngine } from "../testing/built-engine.ts";

/** The repository's root. */
export const repository = join(import.meta.dirname, "../..");

/** How the command line ended that ran an example. */
export interface ExampleRun {
  readonly code: number | null;
  /** The lines of standard output. */
  readonly lines: readonly string[];
  readonly err: string;
}

/** What an example is run with. */
export interface ExampleOptions {
  readonly parallelism: number;
  /** The job's own arguments. */
  readonly args?: readonly string[];
  /** Standard input. */
  readonly input?: string;
}

const engine = await builtEngine();

/** Runs `examples/<name>.ts` by the command line, built from the sources as they are. */
export function runExample(
  name: string,
  { parallelism, args = [], input }: ExampleOptions,
): Promise<ExampleRun> {
  const { NODE_OPTIONS: _options, ...env } = process.env;
  const command = [join(engine, "dist/cli.js"), "run", `examples/${name}.ts`, "-p", String(parallelism)];
  const child = spawn(process.execPath, [`--conditions=${SOURCE_CONDITION}`, ...command, "--", ...args], {
    cwd: repository,
    env,
    stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
  });
  if (input !== undefined) child.stdin?.end(input);
  let out = "";
  let err = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (err += text));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, lines: out.split("\n").slice(0, -1), err }));
  });
}

/** The records of a JSON lines file of the examples, as they stand there. */
export function readJsonLines<T>(file: string): readonly T[] {
  return readFileSync(join(repository, "examples/data", file), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as T);
}

/** The rows of a CSV file of the examples without quotes, by column. */
export function readPlainCsv(file: string): readonly Readonly<Record<string, string>>[] {
  const [header = "", ...rows] = readFileSync(join(repository, "examples/data", file), "utf8")
    .trimEnd()
    .split("\n");
  const names = header.split(",");
  return rows.map((row) => Object.fromEntries(row.split(",").map((field, i) => [names[i], field])));
}
