import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OPTIONS } from "../../common/config/options.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { parseCommandLine } from "./parse-command-line.ts";
import { parsePlainRun } from "./parse-plain-run.ts";
import { NO_CHECKPOINT_FLAGS } from "./requests.ts";

const parse = (line: string) =>
  parseCommandLine(
    line.split(" ").filter((word) => word !== ""),
    () => "1.2.3",
  );

function refusal(line: string): MillraceError {
  try {
    parse(line);
  } catch (error) {
    if (MillraceError.is(error)) return error;
    throw error;
  }
  throw new Error(`"${line}" was not refused`);
}

function text(line: string): string {
  const request = parse(line);
  if (request.command !== "text") throw new Error(`"${line}" is a ${request.command}`);
  return request.text;
}

const COMMANDS = [
  "run",
  "dev",
  "info",
  "savepoint",
  "savepoint inspect",
  "savepoint check",
  "savepoint dispose",
];

describe("parseCommandLine", () => {
  it("reads a whole line", () => {
    const line =
      "run jobs/a.ts -q -p 3 -D a=b -Dc=d --define=e=f -v --json -s sp/1 --claim -n --checkpoint-interval 5s --checkpoint-dir cp --savepoint-on-exit out -- --x 1 -- -p 9";
    expect(parse(line)).toEqual({
      command: "run",
      module: "jobs/a.ts",
      parallelism: 3,
      settings: ["a=b", "c=d", "e=f"],
      jobArgs: ["--x", "1", "--", "-p", "9"],
      verbose: true,
      quiet: true,
      json: true,
      checkpoints: {
        savepoint: "sp/1",
        claim: true,
        allowNonRestoredState: true,
        checkpointInterval: "5s",
        checkpointDir: "cp",
      },
      savepointOnExit: "out",
      drain: false,
    });
  });

  it("reads savepoints on exit with and without a folder", () => {
    expect(parse("run a.ts --savepoint-on-exit")).toMatchObject({ module: "a.ts", savepointOnExit: true });
    expect(parse("run a.ts --savepoint-on-exit -q")).toMatchObject({ savepointOnExit: true, quiet: true });
    expect(parse("run --savepoint-on-exit=sp a.ts")).toMatchObject({ module: "a.ts", savepointOnExit: "sp" });
    expect(parse("run a.ts --savepoint-on-exit --drain")).toMatchObject({
      savepointOnExit: true,
      drain: true,
    });
    expect(refusal("run a.ts --drain")).toMatchObject({
      code: "INVALID_ARGUMENT",
      help: "Write --savepoint-on-exit --drain.",
    });
    expect(parse("run a.ts")).toMatchObject({ savepointOnExit: undefined, checkpoints: NO_CHECKPOINT_FLAGS });
  });

  it("reads the line of a session of development", () => {
    expect(parse("dev a.ts -p 2 --fresh-on-mismatch -n -- --x 1")).toEqual({
      command: "dev",
      module: "a.ts",
      parallelism: 2,
      settings: [],
      jobArgs: ["--x", "1"],
      verbose: false,
      checkpoints: { ...NO_CHECKPOINT_FLAGS, allowNonRestoredState: true },
      freshOnMismatch: true,
    });
  });

  it("reads the commands of savepoints", () => {
    expect(parse("savepoint inspect sp/1")).toEqual({
      command: "savepointInspect",
      path: "sp/1",
      read: undefined,
      json: false,
      verbose: false,
    });
    expect(parse("savepoint inspect sp/1 --json --read count/n -v")).toMatchObject({
      read: "count/n",
      json: true,
      verbose: true,
    });
    expect(parse("savepoint check sp/1 a.ts -n -p 3 -D a=b --json -- --x 1")).toEqual({
      command: "savepointCheck",
      path: "sp/1",
      module: "a.ts",
      parallelism: 3,
      settings: ["a=b"],
      jobArgs: ["--x", "1"],
      verbose: false,
      allowNonRestoredState: true,
      json: true,
    });
    expect(parse("savepoint dispose sp/1")).toEqual({
      command: "savepointDispose",
      path: "sp/1",
      verbose: false,
    });
  });

  it("leaves undefined what wasn't said", () => {
    expect(parse("info a.ts")).toEqual({
      command: "info",
      module: "a.ts",
      parallelism: undefined,
      settings: [],
      jobArgs: [],
      verbose: false,
      json: false,
    });
  });

  it.each(["--version", "-V"])("answers the version to %s", (flag) => expect(text(flag)).toBe("1.2.3"));

  it.each(["", "--help", "-h", "help"])('answers help to "%s"', (line) => {
    expect(text(line)).toContain("run <job.ts>");
    expect(text(line)).toContain("Examples:");
  });

  it.each(COMMANDS)("has help with examples for %s", (command) => {
    const help = text(`${command} --help`);
    expect(help).toContain(`Usage: millrace ${command} `);
    expect(help).toContain("Examples:");
    expect(help).not.toContain("undefined");
    expect(text(`help ${command}`)).toBe(help);
  });

  it("answers the help of savepoints to their bare command", () => {
    expect(text("savepoint")).toBe(text("savepoint --help"));
    expect(text("savepoint")).toMatch(/inspect <path> .*\n.* check <path> <job\.ts> /u);
    expect(text("")).toMatch(/savepoint <command> /u);
  });

  it.each(["run --help", "run -h", "help run"])('answers the help of run to "%s"', (line) => {
    const help = text(line);
    expect(help).toContain("--parallelism <n>");
    expect(help).toContain("$ millrace run job.ts -p 4 -- --input");
    for (const { key } of OPTIONS) expect(help).toContain(key);
  });

  it("keeps help within a hundred columns", () => {
    for (const line of ["", ...COMMANDS].map((command) => `${command} --help`)) {
      for (const row of text(line).split("\n")) expect(row.length, row).toBeLessThanOrEqual(100);
    }
  });

  it("answers the job's help where a job is named", () => {
    expect(parse("run a.ts -- --help")).toMatchObject({
      command: "jobHelp",
      module: "a.ts",
      usage: undefined,
    });
    const request = parse("info a.ts --help");
    expect(request).toMatchObject({ command: "jobHelp", module: "a.ts" });
    expect((request as { usage: string }).usage).toContain("Usage: millrace info");
  });

  it.each([
    ["run a.ts --paralelism 3", "UNKNOWN_OPTION", "--paralelism", "Did you mean --parallelism?"],
    ["run a.ts --input x", "UNKNOWN_OPTION", "--input", 'arguments of the job itself come after "--"'],
    ["runn a.ts", "INVALID_ARGUMENT", "'runn'", "Did you mean run?"],
    ["bogus", "INVALID_ARGUMENT", "'bogus'", "millrace --help"],
    ["run", "INVALID_ARGUMENT", "no job is named", "millrace run job.ts"],
    ["run a.ts b.ts", "INVALID_ARGUMENT", "too many arguments", "One job"],
    ["run a.ts -p", "INVALID_ARGUMENT", "argument missing", "run --help"],
    ["run a.ts -p 0", "INVALID_ARGUMENT", "a whole number from 1", "run --help"],
    ["run a.ts -p 1.5", "INVALID_ARGUMENT", "a whole number from 1", "run --help"],
    ["run a.ts -p 99999", "INVALID_ARGUMENT", "to 32768", "run --help"],
    ["run a.ts -p x", "INVALID_ARGUMENT", "'x'", "run --help"],
    ["-x", "UNKNOWN_OPTION", "'-x'", "--help"],
    ["run --savepoint-on-exit a.ts", "INVALID_ARGUMENT", "no job is named", "took a.ts for its folder"],
    ["dev a.ts --quiet", "UNKNOWN_OPTION", "'--quiet'", "millrace dev --help"],
    ["savepoint inspekt sp", "INVALID_ARGUMENT", "'inspekt'", "Did you mean inspect?"],
    ["savepoint bogus", "INVALID_ARGUMENT", "'bogus'", "millrace savepoint --help"],
    ["savepoint inspect", "INVALID_ARGUMENT", "argument 'path'", "millrace savepoint inspect --help"],
    ["savepoint check sp", "INVALID_ARGUMENT", "argument 'job.ts'", "millrace savepoint check --help"],
    ["savepoint inspect a b", "INVALID_ARGUMENT", "too many arguments", "savepoint inspect --help"],
    ["savepoint check a b c", "INVALID_ARGUMENT", "too many arguments", "One job"],
    ["savepoint dispose a --force", "UNKNOWN_OPTION", "--force", "millrace savepoint dispose --help"],
  ])("refuses %s", (line, code, message, help) => {
    const error = refusal(line);
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
    expect(error.help).toContain(help);
  });
});

describe("parsePlainRun", () => {
  it("reads what people write most", () => {
    const line = ["run", "a.ts", "-p", "4", "-D", "a=b", "-q", "--", "--input", "x y"];
    expect(parsePlainRun(line)).toMatchObject({
      module: "a.ts",
      parallelism: 4,
      settings: ["a=b"],
      quiet: true,
    });
    expect(parsePlainRun(["run", "a.ts"])).toBeDefined();
  });

  it("agrees with the parser on every line that it takes", () => {
    const flag = fc.constantFrom(
      "-q",
      "--quiet",
      "--json",
      "-v",
      "--verbose",
      "-h",
      "--help",
      "-V",
      "-x",
      "-qv",
      "--",
      "-",
    );
    const value = fc.constantFrom(
      "-p",
      "--parallelism",
      "-D",
      "--define",
      "-p3",
      "-Da=b",
      "--define=a=b",
      "-p=3",
    );
    const text = fc.constantFrom(
      "a.ts",
      "b.ts",
      "a=b",
      "c=",
      "1",
      "32768",
      "0",
      "-1",
      "1.5",
      "",
      "run",
      "constructor",
    );
    // Most lines of single words are refused: pairs of an option and its value keep enough that are taken.
    const pair = fc.constantFrom(["-p", "3"], ["--parallelism", "1"], ["-D", "a=b"], ["--define", "c="]);
    const words = fc.oneof(
      fc.oneof(flag, value, text).map((word) => [word]),
      pair,
      fc.constantFrom("-q", "--quiet", "--json", "-v", "--verbose").map((word) => [word]),
    );
    const line = fc
      .tuple(
        fc.array(words, { maxLength: 4 }),
        fc.constantFrom([], ["a.ts"]),
        fc.array(words, { maxLength: 4 }),
      )
      .map((parts) => [...parts[0].flat(), ...parts[1], ...parts[2].flat()]);
    let taken = 0;
    fc.assert(
      fc.property(line, (given) => {
        const plain = parsePlainRun(["run", ...given]);
        if (plain === undefined) return;
        taken++;
        expect(plain).toEqual(parseCommandLine(["run", ...given], () => ""));
      }),
      { numRuns: 2000 },
    );
    expect(taken).toBeGreaterThan(100);
  });
});
