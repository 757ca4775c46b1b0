import { existsSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fileProblem, shownPath } from "./file-problem.ts";

describe("fileProblem", () => {
  it.runIf(existsSync("/dev/full"))("says that the disk is full, and what to do", async () => {
    await using full = await open("/dev/full", "w");
    const error: unknown = await full.writeFile("x").catch((e: unknown) => e);
    const problem = fileProblem("SINK_FAILED", "file sink", "write", "/data/part", error);
    expect(problem.message).toBe("file sink: can't write /data/part: the disk is full (ENOSPC)");
    expect(problem).toMatchObject({
      code: "SINK_FAILED",
      cause: error,
      details: { path: "/data/part", errno: "ENOSPC" },
    });
    expect(problem.help).toContain("Free some space");
  });

  it("keeps the reason of errors that it doesn't know", () => {
    const problem = fileProblem("SOURCE_FAILED", "file source", "read", "/x", new RangeError("odd"));
    expect(problem.message).toBe("file source: can't read /x: odd");
    expect(fileProblem("SINK_FAILED", "file sink", "write", "/y", problem)).toBe(problem);
  });

  it("shows paths below the working directory in short", () => {
    expect(shownPath(join(process.cwd(), "data", "a.csv"))).toBe(join("data", "a.csv"));
    expect(shownPath("/elsewhere/a.csv")).toBe("/elsewhere/a.csv");
  });
});
