import { describe, expect, it } from "vitest";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { PLAIN_STYLE } from "../terminal/style.ts";
import { errorJson } from "./error-json.ts";
import { errorText } from "./error-text.ts";
import { stackFrames } from "./stack-frames.ts";
import { showFrame } from "./user-frames.ts";

const SRC = new URL("../../", import.meta.url).href;
const options = { style: PLAIN_STYLE, cwd: "/home/me/jobs", verbose: false };

function withStack<E extends Error>(error: E, ...frames: string[]): E {
  error.stack = [`${error.name}: ${error.message}`, ...frames.map((frame) => `    at ${frame}`)].join("\n");
  return error;
}

/** A user's function that threw inside a task, as it arrives from a slot. */
function failure(): MillraceError {
  const cause = withStack(
    new TypeError("Cannot read properties of undefined (reading 'code')"),
    "carrier (file:///home/me/jobs/lib/carrier.ts:7:21)",
    "Array.map (<anonymous>)",
    "/home/me/jobs/delays.ts:12:30",
    "run (millrace://delays/2f/0:14:9)",
    `Task.runSlice (${SRC}runtime/task/task.ts:120:5)`,
    "process.processImmediate (node:internal/timers:485:21)",
  );
  return withStack(
    new MillraceError(
      "USER_FUNCTION_FAILED",
      `operator "map" (uid 2f, subtask 1 of 2) failed: TypeError: ${cause.message}\n  record: { carrier: undefined }`,
      { cause },
    ),
    `explainFailure (${SRC}runtime/task/explain-failure.ts:30:10)`,
  );
}

describe("errorText", () => {
  it("shows code, message and the user's frames alone, as seen from the current folder", () => {
    expect(errorText(failure(), options).split("\n")).toEqual([
      `error[USER_FUNCTION_FAILED]: operator "map" (uid 2f, subtask 1 of 2) failed: TypeError: Cannot read properties of undefined (reading 'code')`,
      "  record: { carrier: undefined }",
      "    at carrier (lib/carrier.ts:7:21)",
      "    at delays.ts:12:30",
    ]);
  });

  it("shows everything when asked to", () => {
    const text = errorText(failure(), { ...options, verbose: true });
    expect(text).toContain("explain-failure.ts:30:10");
    expect(text).toContain("caused by: TypeError: Cannot read");
    expect(text).toContain("process.processImmediate");
  });

  it("ends with what to do", () => {
    const error = withStack(
      new MillraceError("JOB_MODULE_INVALID", "the job module x.ts doesn't exist", {
        help: "Did you mean y.ts?",
      }),
    );
    expect(errorText(error, options)).toBe(
      "error[JOB_MODULE_INVALID]: the job module x.ts doesn't exist\nhelp: Did you mean y.ts?",
    );
  });

  it("shows causes that say more, in short, and where the innermost came from", () => {
    const inner = withStack(
      Object.assign(new Error("ECONNREFUSED 127.0.0.1:9"), { code: "ECONNREFUSED" }),
      "connect (/home/me/jobs/db.ts:3:1)",
    );
    const middle = withStack(
      new Error("lookup failed", { cause: inner }),
      "lookup (/home/me/jobs/db.ts:9:1)",
    );
    const outer = withStack(
      new MillraceError("USER_FUNCTION_FAILED", "operator failed: Error: lookup failed", { cause: middle }),
    );
    expect(errorText(outer, options).split("\n")).toEqual([
      "error[USER_FUNCTION_FAILED]: operator failed: Error: lookup failed",
      "    at connect (db.ts:3:1)",
      "caused by: Error [ECONNREFUSED]: ECONNREFUSED 127.0.0.1:9",
    ]);
  });

  it("shows the whole stack of what nobody foresaw, by its class", () => {
    const error = withStack(new RangeError("Invalid array length"), `open (${SRC}runtime/x.ts:1:2)`);
    expect(errorText(error, options)).toBe(
      `error[INTERNAL]: RangeError: Invalid array length\n    at open (${SRC}runtime/x.ts:1:2)`,
    );
  });

  it.each(["USER_FUNCTION_FAILED", "MALFORMED_RECORD"] as const)(
    "shows none of the engine's frames for %s",
    (code) => {
      const cause = withStack(new Error("text"), `fromEnvelope (${SRC}protocol/x.ts:1:2)`);
      const error = withStack(
        new MillraceError(code, "it failed: text", { cause }),
        `run (${SRC}runtime/x.ts:3:4)`,
      );
      expect(errorText(error, options)).toBe(`error[${code}]: it failed: text`);
      expect(errorText(error, { ...options, verbose: true })).toContain("fromEnvelope");
    },
  );

  it("shows no frames of what the engine depends on", () => {
    const error = withStack(
      new MillraceError("INVALID_ARGUMENT", "no job is named"),
      "Command.parse (file:///home/me/node_modules/commander/lib/command.js:569:17)",
    );
    expect(errorText(error, options)).toBe("error[INVALID_ARGUMENT]: no job is named");
  });

  it("shows a system's error by its own code", () => {
    const error = Object.assign(new Error("ENOENT: no such file"), { code: "ENOENT" });
    error.stack = "Error: ENOENT: no such file";
    expect(errorText(error, options)).toBe("error[ENOENT]: ENOENT: no such file");
  });

  it.each([
    ["a string", '"boom"'],
    [undefined, "undefined"],
    [{ a: 1 }, "{ a: 1 }"],
  ])("survives a thrown %s", (thrown, shown) => {
    const value = thrown === "a string" ? "boom" : thrown;
    expect(errorText(value, options)).toBe(`error[INTERNAL]: a value that is no Error was thrown: ${shown}`);
  });

  it("survives a ring of causes, and limits long stacks", () => {
    const ring = withStack(
      new Error("ring"),
      ...Array.from({ length: 20 }, (_, n) => `f${n} (/home/me/jobs/a.ts:${n + 1}:1)`),
    );
    ring.cause = ring;
    const lines = errorText(ring, options).split("\n");
    expect(lines.filter((line) => line.startsWith("    at "))).toHaveLength(8);
    expect(lines).toContain("    ... 12 more");
  });
});

describe("stackFrames", () => {
  it("reads what engines write", () => {
    const stack = [
      "TypeError: x",
      "    at this is no frame of a message",
      "    at async Object.load (file:///a/b.ts:1:2)",
      "    at /a/b.js:3:4",
      "    at async file:///a/c.ts:5:6",
      "    at new Thing (C:\\jobs\\d.ts:7:8)",
      "    at eval (eval at make (file:///a/e.ts:1:1), <anonymous>:9:10)",
      "    at Array.map (<anonymous>)",
    ].join("\n");
    expect(stackFrames(stack).slice(1)).toMatchObject([
      { functionName: "async Object.load", file: "file:///a/b.ts", line: 1, column: 2 },
      { functionName: "", file: "/a/b.js", line: 3, column: 4 },
      { functionName: "", file: "file:///a/c.ts", line: 5, column: 6 },
      { functionName: "new Thing", file: "C:\\jobs\\d.ts", line: 7, column: 8 },
      { functionName: "eval", line: 9 },
      { functionName: "Array.map", file: "<anonymous>", line: 0 },
    ]);
    expect(stackFrames(undefined)).toEqual([]);
  });

  it("shows paths outside the current folder whole", () => {
    const [frame] = stackFrames("    at f (file:///opt/lib/x.ts:1:2)");
    expect(showFrame(frame!, "/home/me")).toBe("f (/opt/lib/x.ts:1:2)");
  });
});

describe("errorJson", () => {
  it("is one line with code, message, help, details and causes", () => {
    const error = new MillraceError("SOURCE_FAILED", "no\nfile", {
      help: "Look.",
      details: { path: "/x" },
      cause: new Error("why"),
    });
    const line = errorJson(error);
    expect(line).not.toContain("\n");
    expect(JSON.parse(line)).toMatchObject({
      type: "error",
      code: "SOURCE_FAILED",
      message: "no\nfile",
      help: "Look.",
      details: { path: "/x" },
      causes: [{ name: "Error", message: "why" }],
    });
  });
});
