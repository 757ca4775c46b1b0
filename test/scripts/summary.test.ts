import { describe, expect, it } from "vitest";
import { summarize, type VitestReport } from "../../scripts/test/summary.ts";

function report(
  files: readonly { name: string; status?: string; message?: string; tests: readonly string[] }[],
): VitestReport {
  const count = (status: string): number =>
    files.flatMap(({ tests }) => tests).filter((test) => test === status).length;
  return {
    success: files.every(({ status }) => status !== "failed"),
    numPassedTests: count("passed"),
    numFailedTests: count("failed"),
    numPendingTests: count("pending"),
    numTodoTests: count("todo"),
    testResults: files.map(({ name, status = "passed", message = "", tests }) => ({
      name,
      status,
      message,
      assertionResults: tests.map((test, index) => ({ status: test, fullName: `test ${index}` })),
    })),
  };
}

describe("the summary of npm test", () => {
  it("counts a step without a report as one check and ends with the totals alone", () => {
    const { lines, passed, failed } = summarize([
      { name: "lint", seconds: 1.25, ok: true },
      {
        name: "tests",
        seconds: 60,
        ok: true,
        report: report([{ name: "a.test.ts", tests: ["passed", "passed", "pending"] }]),
      },
    ]);
    expect({ passed, failed }).toEqual({ passed: 3, failed: 0 });
    expect(lines).toEqual([
      "lint         ok        1.3 s",
      "tests        ok       60.0 s 2 passed, 0 failed, 1 skipped",
      "3 passed, 0 failed",
    ]);
  });

  it("names the tests that failed", () => {
    const { lines, failed } = summarize([
      {
        name: "tests",
        seconds: 1,
        ok: false,
        report: report([{ name: "a.test.ts", status: "failed", tests: ["passed", "failed"] }]),
      },
    ]);
    expect(failed).toBe(1);
    expect(lines).toContain("  failed: a.test.ts: test 1");
    expect(lines.at(-1)).toBe("1 passed, 1 failed");
  });

  it("counts a file that did not load", () => {
    const { lines } = summarize([
      {
        name: "tests",
        seconds: 1,
        ok: false,
        report: report([
          { name: "a.test.ts", tests: ["passed"] },
          { name: "b.test.ts", status: "failed", message: "no such module\nat x", tests: [] },
        ]),
      },
    ]);
    expect(lines).toContain("  failed: b.test.ts: no such module");
    expect(lines.at(-1)).toBe("1 passed, 1 failed");
  });

  it.each([
    ["a step that failed", { name: "build", seconds: 1, ok: false }],
    ["a run without its report", { name: "tests", seconds: 1, ok: false, report: undefined }],
    [
      "a run that failed outside its tests",
      { name: "tests", seconds: 1, ok: false, report: report([{ name: "a.test.ts", tests: [] }]) },
    ],
  ])("never sums up %s as green", (_title, step) => {
    expect(summarize([step]).lines.at(-1)).toBe("0 passed, 1 failed");
  });
});
