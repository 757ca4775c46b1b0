import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MillraceError } from "../common/errors/millrace-error.ts";
import { exitCodeOf, exitCodeOfSignal } from "./exit-code.ts";
import { jobModuleUrl } from "./job-module.ts";

describe("jobModuleUrl", () => {
  let folder: string;

  beforeAll(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), "millrace-module-")));
    mkdirSync(join(folder, "jobs"));
    mkdirSync(join(folder, "empty"));
    mkdirSync(join(folder, "many"));
    for (let i = 0; i < 10; i++) writeFileSync(join(folder, `many/job-number-${i}.ts`), "");
    for (const name of ["delays.ts", "words.mts", "notes.txt"]) writeFileSync(join(folder, "jobs", name), "");
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("finds files relative to the current folder, and absolute ones", async () => {
    const { href } = pathToFileURL(join(folder, "jobs/delays.ts"));
    expect(await jobModuleUrl("jobs/delays.ts", folder)).toBe(href);
    expect(await jobModuleUrl(join(folder, "jobs/delays.ts"), "/")).toBe(href);
  });

  it.each([
    ["jobs/delay.ts", "doesn't exist", /^Did you mean jobs\/delays\.ts\?$/u],
    ["jobs/other.ts", "doesn't exist", /^The folder .*jobs has delays\.ts, words\.mts\.$/u],
    ["many/x.ts", "doesn't exist", / job-number-7\.ts and 2 more modules\.$/u],
    ["nowhere/other.ts", "doesn't exist", /^There is no folder .*nowhere\.$/u],
    ["empty/other.ts", "doesn't exist", /has no modules/u],
    ["jobs/delays.ts/x.ts", "doesn't exist", /./u],
    ["jobs", "is a folder", /^Name the file/u],
  ])("refuses %s: it %s", async (path, message, help) => {
    const error: unknown = await jobModuleUrl(path, folder).catch((thrown: unknown) => thrown);
    expect(MillraceError.is(error, "JOB_MODULE_INVALID")).toBe(true);
    expect(error).toMatchObject({ message: expect.stringContaining(`${path} ${message}`) as string });
    expect((error as MillraceError).help).toMatch(help);
    expect(exitCodeOf(error)).toBe(2);
  });
});

describe("exit codes", () => {
  it("tell what the user can mend from what failed", () => {
    expect(exitCodeOf(new MillraceError("UNKNOWN_OPTION", ""))).toBe(2);
    expect(exitCodeOf(new MillraceError("SLOT_LOST", ""))).toBe(1);
    expect(exitCodeOf(new TypeError("x"))).toBe(1);
    expect(exitCodeOf("x")).toBe(1);
  });

  it("follow the shells' rule for signals", () => {
    expect((["SIGHUP", "SIGINT", "SIGPIPE", "SIGTERM"] as const).map(exitCodeOfSignal)).toEqual([
      129, 130, 141, 143,
    ]);
  });
});
