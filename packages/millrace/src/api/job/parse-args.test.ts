import { describe, expect, it } from "vitest";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { arg, type ArgSpecs } from "./arg.ts";
import { describeArgs, parseArgs } from "./parse-args.ts";

const specs = {
  input: arg.path().describe("the flights"),
  top: arg.int().default(10),
  ratio: arg.number().optional(),
  gap: arg.duration().default(5000),
  format: arg.oneOf("json", "csv").default("json"),
  verboseLog: arg.boolean().default(false),
  note: arg.string().optional(),
} satisfies ArgSpecs;

const parse = (...argv: string[]): Readonly<Record<string, unknown>> => parseArgs(specs, { argv });

describe("arguments of a command line", () => {
  it("are read by kind, with defaults for the rest", () => {
    const args = parse(
      "--input",
      "flights.csv",
      "--top=3",
      "--ratio",
      "-0.5",
      "--gap",
      "2 min",
      "--format",
      "csv",
      "--verbose-log",
    );
    expect(args).toEqual({
      input: "flights.csv",
      top: 3,
      ratio: -0.5,
      gap: 120_000,
      format: "csv",
      verboseLog: true,
      note: undefined,
    });
    expect(Object.isFrozen(args)).toBe(true);
    expect(parse("--input", "x")).toEqual({
      input: "x",
      top: 10,
      ratio: undefined,
      gap: 5000,
      format: "json",
      verboseLog: false,
      note: undefined,
    });
  });

  it("may be in camelCase or with dashes, flags negated or with a value", () => {
    expect(parse("--input=x", "--verboseLog")["verboseLog"]).toBe(true);
    expect(parse("--input=x", "--no-verbose-log")["verboseLog"]).toBe(false);
    expect(parse("--input=x", "--verbose-log=no")["verboseLog"]).toBe(false);
    expect(parse("--input=x", "--note=a=b")["note"]).toBe("a=b");
    expect(parse("--input=x", "--note", "--dashes")["note"]).toBe("--dashes");
  });

  it("make paths absolute by whoever knows the folder", () => {
    const args = parseArgs(specs, { argv: ["--input", "x.csv"], resolvePath: (path) => `/data/${path}` });
    expect(args["input"]).toBe("/data/x.csv");
  });

  it.each([
    [["--inptu", "x"], "UNKNOWN_OPTION", /unknown argument --inptu; did you mean --input\?/u],
    [["--verbos-log"], "UNKNOWN_OPTION", /did you mean --verbose-log\?/u],
    [["--zzz"], "UNKNOWN_OPTION", /known are --input, --top/u],
    [["--no-top", "--input=x"], "UNKNOWN_OPTION", /unknown argument --no-top/u],
    [[], "INVALID_OPTION", /argument --input is missing: the flights/u],
    [["--input"], "INVALID_OPTION", /argument --input lacks its value: a path/u],
    [["--input", "--top", "3"], "INVALID_OPTION", /argument --input lacks its value/u],
    [["--input=x", "--top", "many"], "INVALID_OPTION", /argument --top must be a whole number, got "many"/u],
    [["--input=x", "--top", "1.5"], "INVALID_OPTION", /--top must be a whole number/u],
    [["--input=x", "--gap", "soon"], "INVALID_OPTION", /--gap must be a duration such as "5 s", got "soon"/u],
    [["--input=x", "--format", "xml"], "INVALID_OPTION", /--format must be one of json, csv, got "xml"/u],
    [["--input=x", "--verbose-log=perhaps"], "INVALID_OPTION", /--verbose-log must be true or false/u],
    [["--input=x", "--input=y"], "INVALID_OPTION", /--input is given twice/u],
    [["flights.csv"], "INVALID_OPTION", /expected an argument such as --name value, got "flights.csv"/u],
    [["--input=x", "--verbose-log", "yes"], "INVALID_OPTION", /--verbose-log takes no value, got "yes"/u],
    [["--input="], "INVALID_OPTION", /--input must be a path, got ""/u],
  ])("refuse %j", (argv, code, message) => {
    let caught: unknown;
    try {
      parse(...argv);
    } catch (error) {
      caught = error;
    }
    expect(caught).toMatchObject({ code, message: expect.stringMatching(message) as string });
    expect(MillraceError.is(caught)).toBe(true);
  });
});

describe("arguments of a program", () => {
  it("are values, or texts as on a command line, and win", () => {
    const args = parseArgs(specs, {
      argv: ["--input", "x", "--top", "1"],
      values: { top: 2, gap: "3 s", note: undefined },
    });
    expect(args).toMatchObject({ input: "x", top: 2, gap: 3000 });
  });

  it("are refused by name and kind", () => {
    expect(() => parseArgs(specs, { values: { inptu: "x" } })).toThrow(
      /unknown argument inptu; did you mean input\?/u,
    );
    expect(() => parseArgs(specs, { values: { input: 5 } })).toThrow(/--input must be a path, got 5/u);
    expect(() => parseArgs({}, { values: { toString: 1 } })).toThrow(
      /unknown argument toString; there are none/u,
    );
  });
});

describe("specs", () => {
  it("describe themselves", () => {
    expect(describeArgs(specs).slice(0, 2)).toEqual([
      { name: "input", kind: "path", description: "the flights", required: true, defaultText: undefined },
      { name: "top", kind: "int", description: undefined, required: false, defaultText: "10" },
    ]);
  });

  it("refuse defaults of another kind", () => {
    expect(() => arg.int().default(1.5)).toThrow(/the default must be a whole number, got 1.5/u);
    expect(() => arg.oneOf("a", "b").default("c" as "a")).toThrow(/one of a, b/u);
  });
});
