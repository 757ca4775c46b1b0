import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseCommandLine } from "../../packages/millrace/src/cli/command-line/parse-command-line.ts";
import { repository } from "./workbench.ts";

/** Long flags in a text: `--parallelism`. */
const flagsOf = (text: string): string[] =>
  [...new Set([...text.matchAll(/(?<![\w-])--[a-z][a-z-]*/g)].map(([flag]) => flag))].toSorted();

describe("the table of command line options in the README", () => {
  it("has the options that `millrace run --help` tells of, and no others", () => {
    const { text: help } = parseCommandLine(["run", "--help"], () => "") as { text: string };
    const options = help.slice(help.indexOf("Options:"), help.indexOf("Examples:"));
    const readme = readFileSync(join(repository, "README.md"), "utf8");
    const table = readme.slice(readme.indexOf("| `-p`"), readme.indexOf("Standard output is the job's own"));
    expect(flagsOf(table)).toEqual(flagsOf(options));
    expect(flagsOf(table)).toContain("--parallelism");
  });
});
