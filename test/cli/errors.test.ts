import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Workplace } from "./workplace.ts";

/** A line of arguments, and how its error block must begin and go on. */
interface Case {
  readonly args: string;
  readonly says: readonly (string | RegExp)[];
}

describe("errors of the command line", () => {
  let place: Workplace;

  beforeAll(async () => {
    place = await Workplace.create();
  });

  afterAll(() => place.remove());

  it.each<Case>([
    // the module
    {
      args: "run job.ts",
      says: ["error[JOB_MODULE_INVALID]: the job module job.ts doesn't exist", "help: "],
    },
    {
      args: "run jobs/number.ts",
      says: [
        "error[JOB_MODULE_INVALID]: the job module jobs/number.ts doesn't exist",
        "help: Did you mean jobs/numbers.ts?",
      ],
    },
    {
      args: "run jobs",
      says: ["error[JOB_MODULE_INVALID]: the job module jobs is a folder", "help: Name the file"],
    },
    {
      args: "run fixtures/syntax.ts",
      says: ["error[JOB_MODULE_INVALID]: ", 'fixtures/syntax.ts:3:15: Unexpected ";"', "const broken = ;"],
    },
    {
      args: "run fixtures/missing-import.ts",
      says: ["error[JOB_MODULE_INVALID]: ", 'missing-import.ts:2:21: Could not resolve "./helpers.ts"'],
    },
    {
      args: "run fixtures/no-default.ts",
      says: [
        "error[JOB_MODULE_INVALID]: the job module fixtures/no-default.ts has no default export",
        "it exports one, two",
        "help: Write export default job(import.meta,",
      ],
    },
    {
      args: "info fixtures/other-kind.ts",
      says: [
        "error[JOB_MODULE_INVALID]: the default export of the job module fixtures/other-kind.ts",
        '{ name: "delays" }',
      ],
    },
    {
      args: "run fixtures/top-level.ts",
      says: [
        "error[JOB_MODULE_INVALID]: the job module fixtures/top-level.ts failed while it was loaded: RangeError: no settings",
        "    at readSettings (fixtures/top-level.ts:4:9)",
        "    at fixtures/top-level.ts:6:1",
      ],
    },
    {
      args: "run fixtures/builder.ts",
      says: [
        'error[JOB_MODULE_INVALID]: the builder of job "builder" failed: TypeError: ',
        "    at fixtures/builder.ts:5:32",
      ],
    },
    {
      args: "run fixtures/asynchronous.ts",
      says: ['error[JOB_MODULE_INVALID]: the builder of job "asynchronous" is asynchronous', "help: "],
    },
    // the command line
    {
      args: "rum jobs/numbers.ts",
      says: ["error[INVALID_ARGUMENT]: unknown command 'rum'", "help: Did you mean run?"],
    },
    {
      args: "run jobs/numbers.ts --paralelism 3",
      says: ["error[UNKNOWN_OPTION]: unknown option '--paralelism'", "help: Did you mean --parallelism?"],
    },
    {
      args: "run jobs/numbers.ts --up-to 3",
      says: [
        "error[UNKNOWN_OPTION]: unknown option '--up-to'",
        'arguments of the job itself come after "--"',
      ],
    },
    {
      args: "run jobs/numbers.ts -p 0",
      says: ["error[INVALID_ARGUMENT]: ", "'0' is invalid", "a whole number from 1"],
    },
    // settings
    {
      args: "run jobs/numbers.ts -D paralelism.default=3",
      says: ["error[UNKNOWN_OPTION]: unknown option paralelism.default; did you mean parallelism.default?"],
    },
    {
      args: "run jobs/numbers.ts -D parallelism.default=many",
      says: [
        'error[INVALID_OPTION]: option parallelism.default must be a whole number, from 1 to 32768; got "many"',
      ],
    },
    {
      args: "run jobs/numbers.ts -D parallelism.default",
      says: ["error[INVALID_OPTION]: -D takes key=value", "help: "],
    },
    // the job's arguments
    {
      args: "run jobs/numbers.ts",
      says: [
        "error[INVALID_OPTION]: argument --up-to is missing: the last number",
        "help: Give it behind --",
      ],
    },
    {
      args: "run jobs/numbers.ts -- --up-to many",
      says: ['error[INVALID_OPTION]: argument --up-to must be a whole number, got "many"'],
    },
    {
      args: "run jobs/numbers.ts -- --up-to 3 --lable x",
      says: ["error[UNKNOWN_OPTION]: unknown argument --lable; did you mean --label?"],
    },
    {
      args: "run jobs/numbers.ts -- --up-to 3 --format xml",
      says: ['error[INVALID_OPTION]: argument --format must be one of text, json, got "xml"'],
    },
  ])("refuses $args", async ({ args, says }) => {
    const run = await place.run(args.split(" "));
    expect(run, run.err).toMatchObject({ code: 2, out: "" });
    expect(run.err.startsWith(says[0] as string), run.err).toBe(true);
    for (const text of says) expect(run.err).toContain(text);
    // One block: none of the engine's own frames, no second error.
    expect(run.err).not.toMatch(/millrace\/(src|dist)|node:internal/u);
    expect(run.err.match(/error\[/gu)).toHaveLength(1);
  });

  it.skipIf(process.getuid?.() === 0)("refuses a module that may not be read", async () => {
    mkdirSync(join(place.folder, "locked"));
    const path = join(place.folder, "locked/job.ts");
    writeFileSync(path, "");
    chmodSync(path, 0);
    const run = await place.run(["run", "locked/job.ts"]);
    expect(run.code).toBe(2);
    expect(run.err).toContain("error[JOB_MODULE_INVALID]: the job module locked/job.ts can't be read");
  });

  it("names operator, subtask and record when a user's function throws, and shows the user's own lines", async () => {
    const run = await place.run(["run", "fixtures/fails.ts", "-p", "1"]);
    expect(run.code).toBe(1);
    expect(run.out).toBe([1, 2, 3, 4, 5, 6].map((n) => `{"n":${n},"checked":${n}}\n`).join(""));
    expect(run.err).toMatch(/^fails FAILED in /u);
    const block = run.err.slice(run.err.indexOf("error[")).split("\n");
    expect(block).toEqual([
      'error[USER_FUNCTION_FAILED]: operator "check" (uid check, subtask 1 of 1) failed: RangeError: 7 is too high',
      "  record: 7",
      "    at check (fixtures/fails.ts:9:33)",
      "    at fixtures/fails.ts:16:32",
      "",
    ]);
  });

  it.each([
    { args: ["-v"], env: {} },
    { args: [], env: { MILLRACE_DEBUG: "1" } },
  ])("shows the engine's frames and all causes when asked to: $args $env", async ({ args, env }) => {
    const run = await place.run(["run", "fixtures/fails.ts", "-p", "1", ...args], { env });
    expect(run.code).toBe(1);
    expect(run.err).toContain("caused by: RangeError: 7 is too high");
    expect(run.err).toMatch(/ at .*millrace\/(src|dist)\//u);
  });
});
