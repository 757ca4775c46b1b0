/** The part of Vitest's JSON report that the summary reads. */
export interface VitestReport {
  readonly success: boolean;
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/** One step of `npm test`. */
export interface StepResult {
  readonly name: string;
  readonly seconds: number;
  /** Whether the step's process ended well. */
  readonly ok: boolean;
  /** The report that the step's process wrote, when the step is Vitest's; undefined when it wrote none. */
  readonly report?: VitestReport | undefined;
}

/** What `npm test` says at its end. */
export interface Summary {
  readonly lines: readonly string[];
  readonly passed: number;
  readonly failed: number;
}

/**
 * Adds up what ran. A step without a report counts as one check. A test file that failed before its tests could run,
 * and a run that failed although none of its tests did, count as one failure, so that nothing red is ever summed up
 * as green. The last line is `N passed, N failed` and nothing else.
 */
export function summarize(steps: readonly StepResult[]): Summary {
  let passed = 0;
  let failed = 0;
  const lines: string[] = [];
  const failures: string[] = [];

  for (const { name, seconds, ok, report } of steps) {
    const counts =
      report === undefined ? { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 } : countTests(report);
    if (report !== undefined) failures.push(...failedTests(report));
    if (!ok && counts.failed === 0) {
      counts.failed = 1;
      failures.push(`${name}: failed outside its tests`);
    }
    passed += counts.passed;
    failed += counts.failed;
    const verdict = counts.failed === 0 ? "ok" : "FAILED";
    const detail =
      report === undefined
        ? ""
        : ` ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
    lines.push(`${name.padEnd(12)} ${verdict.padEnd(7)}${seconds.toFixed(1).padStart(6)} s${detail}`);
  }
  return {
    lines: [...lines, ...failures.map((line) => `  failed: ${line}`), `${passed} passed, ${failed} failed`],
    passed,
    failed,
  };
}

function countTests(report: VitestReport): { passed: number; failed: number; skipped: number } {
  const broken = report.testResults.filter(isBrokenFile).length;
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

function failedTests(report: VitestReport): string[] {
  return report.testResults.flatMap((file) => {
    const names = file.assertionResults
      .filter(({ status }) => status === "failed")
      .map(({ fullName }) => `${file.name}: ${fullName}`);
    return isBrokenFile(file) ? [...names, `${file.name}: ${firstLine(file.message)}`] : names;
  });
}

/** A file that is red without a red test: it didn't load, or a hook of it failed. */
function isBrokenFile({ status, assertionResults }: VitestReport["testResults"][number]): boolean {
  return status === "failed" && assertionResults.every((result) => result.status !== "failed");
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}
