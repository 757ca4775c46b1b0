import { describe, expect, it } from "vitest";
import { MillraceError, run } from "millrace";
import type { RunOptions } from "millrace";
import "../testing/built-threads.ts";

const failing = new URL("./jobs/failing.ts", import.meta.url);
const MODES: readonly (readonly [string, RunOptions])[] = [
  ["inline", { mode: "inline" }],
  ["1 slot", { parallelism: 1 }],
  ["2 slots", { parallelism: 2 }],
];

/** What fails the job, with its own error below. */
async function failureOf(how: string, options: RunOptions): Promise<MillraceError> {
  try {
    await run(failing, { ...options, args: { how } });
  } catch (error) {
    if (MillraceError.is(error, "JOB_FAILED")) return error.cause as MillraceError;
    return error as MillraceError;
  }
  return expect.fail(`the job that fails by ${how} has finished`);
}

describe.each(MODES)("a job that fails, %s", (_, options) => {
  it("names operator, subtask and record of a user function's error, and keeps its stack", async () => {
    const error = await failureOf("function", options);
    expect(error.code).toBe("USER_FUNCTION_FAILED");
    expect(error.message).toMatch(
      /operator "counter" \(uid \w+, subtask \d of \d\) failed: RangeError: five thousand!\n {2}record: \{ n: 5000 \}/u,
    );
    expect((error.cause as Error).stack).toMatch(/RangeError: five thousand!\n\s+at .*failing\.ts:\d+/u);
  });

  it.each([
    ["enumerator", "SOURCE_FAILED", /source "Source: numbers" failed: .*no splits today/u],
    ["key", "INVALID_KEY", /key is undefined/u],
    ["nan", "INVALID_KEY", /NaN/u],
    ["type", "RECORD_TYPE_MISMATCH", /n: expected int, got "five thousand"/u],
    ["instance", "RECORD_TYPE_MISMATCH", /price.*Money/u],
    ["promise", "ASYNC_FUNCTION", /answered with a promise/u],
    ["timestamp", "USER_FUNCTION_FAILED", /timestamp assigner.*got undefined/u],
    ["open", "USER_FUNCTION_FAILED", /RangeError: can't open/u],
  ])("gives one clear error for %s: %s", async (how, code, message) => {
    const error = await failureOf(how, options);
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
  });

  it("refuses a builder that gives another graph in its slot, and names the node", async () => {
    const error = await failureOf("random", options);
    expect([error.code, error.message]).toEqual([
      "JOB_NOT_DETERMINISTIC",
      expect.stringMatching(/node \d differs: expected .*step 0\.\d+.*got .*step 0\.\d+/u),
    ]);
  });
});

it("fails the job when a slot's thread ends, and says so", async () => {
  const error = await failureOf("exit", { parallelism: 2 });
  expect([error.code, error.message]).toEqual([
    "SLOT_LOST",
    expect.stringMatching(/slot \d ended while it ran tasks of job "failing"/u),
  ]);
});
