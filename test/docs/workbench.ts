import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { SOURCE_CONDITION } from "../../scripts/build/entries.ts";
import type { CodeBlock } from "./code-blocks.ts";

/** The repository's root. */
export const repository = join(import.meta.dirname, "../..");

/** How a block's process ended. */
export interface BlockRun {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** What a command of a document gives to a job. */
export interface JobArguments {
  /** "README.md:155" */
  readonly place: string;
  /** The job's module. */
  readonly path: string;
  /** undefined: none are read, the module is only loaded. */
  readonly args: readonly string[] | undefined;
}

/** Loads jobs, and reads arguments as they do; prints what is wrong as a list. */
const READ_ARGUMENTS = `
const problems = [];
for (const { place, path, args } of JSON.parse(process.argv[2])) {
  try {
    const { default: job } = await import(path);
    if (args !== undefined) job.parseArgs({ argv: args });
  } catch (error) {
    problems.push(\`\${place}: \${error.message}\`);
  }
}
console.log(JSON.stringify(problems));
`;

/** A block is stopped after this many milliseconds. */
const RUN_LIMIT = 45_000;

/** A temporary folder where blocks of documents are files, beside the repository's installed packages. */
export class Workbench {
  readonly #folder = realpathSync(mkdtempSync(join(tmpdir(), "millrace-docs-")));
  readonly #paths = new Map<CodeBlock, string>();

  /** Writes every block to a file whose lines have the numbers that they have in the document. */
  constructor(blocks: readonly CodeBlock[]) {
    symlinkSync(join(repository, "node_modules"), join(this.#folder, "node_modules"), "dir");
    writeFileSync(join(this.#folder, "package.json"), '{ "name": "docs", "type": "module" }\n');
    for (const block of blocks) {
      const path = join(this.#folder, block.document, block.file ?? `line-${block.line}.ts`);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, `${"\n".repeat(block.line - 1)}${block.code}\n`);
      this.#paths.set(block, path);
    }
  }

  /** Checks all blocks as the repository's sources are checked, except that an example may leave names unused. */
  check(): string[] {
    const paths = [...this.#paths.values()];
    if (paths.length === 0) return [];
    const options = {
      noUnusedLocals: false,
      noUnusedParameters: false,
      noPropertyAccessFromIndexSignature: false,
    };
    const configuration = {
      extends: join(repository, "tsconfig.base.json"),
      compilerOptions: options,
      files: paths,
    };
    writeFileSync(join(this.#folder, "tsconfig.json"), JSON.stringify(configuration));
    const compiler = join(repository, "node_modules/typescript/bin/tsc");
    const { stdout } = spawnSync(process.execPath, [compiler, "-p", ".", "--pretty", "false"], {
      cwd: this.#folder,
      encoding: "utf8",
    });
    return this.#inDocuments(stdout);
  }

  /** Turns the compiler's places into places in documents; what it finds in the sources is not the documents' fault. */
  #inDocuments(output: string): string[] {
    const documents = new Map([...this.#paths].map(([block, path]) => [path, block.document]));
    return output.split("\n").flatMap((line) => {
      // Without a place, the compiler itself could not work.
      if (line.startsWith("error ")) return [line];
      const [, path, row, message] = /^(.+?)\((\d+),\d+\): (error .+)$/.exec(line) ?? [];
      const document = path === undefined ? undefined : documents.get(join(this.#folder, path));
      return document === undefined ? [] : [`${document}:${row}: ${message}`];
    });
  }

  /** The file of a document's block that has this name; undefined where there is none. */
  pathOf(document: string, file: string): string | undefined {
    const path = join(this.#folder, document, file);
    return [...this.#paths.values()].includes(path) ? path : undefined;
  }

  /** The file of a block. */
  fileOf(block: CodeBlock): string {
    return this.#paths.get(block) ?? "";
  }

  /** What is wrong with jobs and the arguments that they are given, all of them in one process. */
  async jobProblems(runs: readonly JobArguments[]): Promise<string[]> {
    const path = join(this.#folder, "read-arguments.mjs");
    writeFileSync(path, READ_ARGUMENTS);
    const { code, out, err } = await this.#node([path, JSON.stringify(runs)], this.#folder);
    return code === 0 ? (JSON.parse(out) as string[]) : [err];
  }

  /** Runs a block with Node.js, in the folder of its document's blocks. */
  run(block: CodeBlock): Promise<BlockRun> {
    const path = this.fileOf(block);
    return this.#node([path], dirname(path));
  }

  #node(args: readonly string[], cwd: string): Promise<BlockRun> {
    const { NODE_OPTIONS: _options, ...env } = process.env;
    const child = spawn(process.execPath, [`--conditions=${SOURCE_CONDITION}`, ...args], {
      cwd,
      env,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: RUN_LIMIT,
    });
    let out = "";
    let err = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
    return new Promise((resolve) => child.on("close", (code) => resolve({ code, out, err })));
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
