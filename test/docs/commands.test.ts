import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { PROCESS_OPTIONS } from "../../packages/millrace/src/cluster/configuration/cluster-configuration.ts";
import { loadClusterConfiguration } from "../../packages/millrace/src/cluster/configuration/load-cluster-configuration.ts";
import { parseCommandLine } from "../../packages/millrace/src/cli/command-line/parse-command-line.ts";
import { extractCode } from "./code-blocks.ts";
import { fencesOf } from "./fences.ts";
import { inRepository, jobOfCommand, problemOfCommand } from "./known-commands.ts";
import { commandsOf } from "./shell-commands.ts";
import { repository, Workbench, type JobArguments } from "./workbench.ts";

const texts = globSync(["*.md", "docs/**/*.md", "packages/*/README.md"], { cwd: repository })
  .toSorted()
  .map((document) => ({ document, text: readFileSync(join(repository, document), "utf8") }));
const fences = texts.flatMap(({ document, text }) => fencesOf(document, text).fences);
/** A block of a shell's own words is no list of commands: `certificates.test.ts` runs the one there is. */
const shell = fences.filter(({ language, code }) => language === "sh" && !/^(for|\w+\(\)) /mu.test(code));
const commands = shell.flatMap(({ document, line, code }) =>
  commandsOf(code).map((command) => ({ document, place: `${document}:${line + command.line}`, ...command })),
);

describe("blocks of the documentation that are no TypeScript", () => {
  it("are in languages whose blocks are checked, or plain text", () => {
    const known = ["", "sh", "text", "ts", "yaml"];
    const others = fences.filter(({ language }) => !known.includes(language));
    expect(others.map(({ document, line, language }) => `${document}:${line}: ${language}`)).toEqual([]);
    expect(fences.filter(({ language }) => language === "sh").length - shell.length).toBe(1);
  });

  it("call programs, commands, flags, settings, scripts and routes that there are", async () => {
    expect(commands.length).toBeGreaterThan(50);
    const problems = await Promise.all(
      commands.map(async ({ place, words }) => {
        const problem = await problemOfCommand(words);
        return problem === undefined ? undefined : `${place}: ${words.join(" ")}: ${problem}`;
      }),
    );
    expect(problems.filter((problem) => problem !== undefined)).toEqual([]);
  });

  it.for(
    fences
      .filter(({ language }) => language === "yaml")
      .map(({ document, line, code }) => ({ place: `${document}:${line}`, code })),
  )("are settings that a process takes: $place", async ({ code }) => {
    const { settings } = await loadClusterConfiguration({ env: { MILLRACE_PROPERTIES: code } });
    expect(Object.keys(settings).length).toBeGreaterThan(0);
  });
});

describe("jobs that the documentation runs by commands", () => {
  const blocks = texts.flatMap(({ document, text }) => extractCode(document, text).blocks);
  const bench = new Workbench(blocks);
  afterAll(() => bench[Symbol.dispose]());

  it("are defined with settings that there are, and take the arguments that they are given", async () => {
    const defined = blocks
      .filter(({ code }) => code.includes("export default job("))
      .map((block) => ({
        place: `${block.document}:${block.line}`,
        path: bench.fileOf(block),
        args: undefined,
      }));
    expect(defined.length).toBeGreaterThan(3);
    const runs = commands.flatMap(({ document, place, words }): JobArguments[] => {
      const job = jobOfCommand(words);
      if (job === undefined) return [];
      const path = bench.pathOf(document, job.module) ?? join(repository, job.module);
      // A name that stands for any job.
      if (bench.pathOf(document, job.module) === undefined && !inRepository(job.module)) return [];
      return [{ place, path, args: job.args }];
    });
    expect(runs.length).toBeGreaterThan(10);
    expect(await bench.jobProblems([...defined, ...runs])).toEqual([]);
  });
});

describe("code within the documentation's sentences", () => {
  const inline = texts.flatMap(({ document, text }) => {
    const prose = text.replaceAll(/^(\s*`{3,})[^]*?^\1$/gmu, (block) => block.replaceAll(/[^\n]/gu, ""));
    return prose
      .split("\n")
      .flatMap((line, at) =>
        [...line.matchAll(/`([^`]+)`/gu)].map(([, code = ""]) => ({ place: `${document}:${at + 1}`, code })),
      );
  });

  it("names settings that there are", () => {
    const keys = PROCESS_OPTIONS.map(({ key }) => key);
    const groups = new Set(keys.map((key) => key.slice(0, key.indexOf("."))));
    const named = inline.flatMap(({ place, code }) =>
      [...code.matchAll(/^(?:-D )?([a-z-]+(?:\.[A-Za-z-]+)+)(?:[=:\s].*)?$/gu)].map(([, key = ""]) => ({
        place,
        key,
      })),
    );
    // Some groups of settings are also names of objects in programs: `env.fromItems`.
    const settings = named.filter(
      ({ key }) =>
        groups.has(key.slice(0, key.indexOf("."))) && !/^(client|cluster|env)\.[A-Za-z]+$/u.test(key),
    );
    expect(settings.length).toBeGreaterThan(200);
    const unknown = settings.filter(({ key }) => !keys.some((it) => it === key || it.startsWith(`${key}.`)));
    expect(unknown.map(({ place, key }) => `${place}: ${key}`)).toEqual([]);
  });

  it("names commands and flags that there are", () => {
    const help = (words: readonly string[]): string => {
      const request = parseCommandLine([...words, "--help"], () => "");
      return request.command === "text" ? request.text : "";
    };
    const named = inline.filter(({ code }) => /^(npx )?millrace [a-z]/u.test(code));
    expect(named.length).toBeGreaterThan(40);
    const problems = named.flatMap(({ place, code }) => {
      const words = code.replace(/^npx /u, "").split(" -- ")[0]!.split(" ").slice(1);
      const end = words[0] === "savepoint" || words[0] === "cluster" ? 2 : 1;
      const path = words.slice(0, end).filter((word) => /^[a-z]+$/u.test(word));
      try {
        const text = help(path);
        const flags = words
          .filter((word) => /^--?[a-z]/iu.test(word))
          .map((word) => word.replace(/=.*/u, ""));
        const unknown = flags.filter((flag) => !new RegExp(`(^|[\\s,])${flag}\\b`, "mu").test(text));
        return unknown.length === 0 ? [] : [`${place}: ${code}: no ${unknown.join(", ")}`];
      } catch (error) {
        return [`${place}: ${code}: ${(error as Error).message}`];
      }
    });
    expect(problems).toEqual([]);
  });
});
