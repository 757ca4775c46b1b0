/**
 * Runs every check of the repository and ends with one line, `N passed, N failed`.
 *
 *     npm test
 *
 * Every step runs, also after one that failed, so that one run tells all.
 */
import { spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { summarize, type StepResult, type VitestReport } from "./test/summary.ts";

const root = dirname(import.meta.dirname);
const reportPath = join(root, "temp/vitest-report.json");

interface Step {
  readonly name: string;
  /** A package's program in `node_modules`, or a script, with its arguments. */
  readonly command: readonly string[];
  /** Minutes after which the step is stopped and counts as failed. */
  readonly limit: number;
  readonly report?: string;
}

const steps: readonly Step[] = [
  { name: "typecheck", command: ["node_modules/typescript/bin/tsc", "--noEmit", "-p", "."], limit: 3 },
  { name: "lint", command: ["node_modules/oxlint/bin/oxlint"], limit: 3 },
  { name: "format", command: ["node_modules/oxfmt/bin/oxfmt", "--check"], limit: 1 },
  { name: "build", command: ["scripts/build.ts"], limit: 3 },
  {
    name: "tests",
    command: [
      "node_modules/vitest/vitest.mjs",
      "run",
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${reportPath}`,
    ],
    limit: 30,
    report: reportPath,
  },
];

function run({ name, command, limit, report }: Step): Promise<StepResult> {
  console.log(`\n--- ${name}`);
  const started = performance.now();
  const child = spawn(process.execPath, command, { cwd: root, stdio: "inherit" });
  const timer = setTimeout(() => {
    console.error(`${name}: stopped after ${limit} minutes`);
    child.kill("SIGKILL");
  }, limit * 60_000);
  return new Promise((resolve) => {
    child.on("close", (code) => {
      clearTimeout(timer);
      const seconds = (performance.now() - started) / 1000;
      resolve({ name, seconds, ok: code === 0, ...(report === undefined ? {} : { report: read(report) }) });
    });
  });
}

function read(path: string): VitestReport | undefined {
  if (!existsSync(path)) return undefined;
  const report = JSON.parse(readFileSync(path, "utf8")) as VitestReport;
  return {
    ...report,
    testResults: report.testResults.map((file) => ({ ...file, name: relative(root, file.name) })),
  };
}

rmSync(reportPath, { force: true });
const results: StepResult[] = [];
for (const step of steps) results.push(await run(step));

const summary = summarize(results);
console.log(`\n--- summary\n${summary.lines.join("\n")}`);
process.exitCode = summary.failed === 0 && summary.passed > 0 ? 0 : 1;
