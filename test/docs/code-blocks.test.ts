import { describe, expect, it } from "vitest";
import { extractCode } from "./code-blocks.ts";
import { Workbench } from "./workbench.ts";

const fence = "```";

function document(...parts: readonly (readonly [info: string, ...code: string[]])[]): string {
  return parts.map(([info, ...code]) => [`${fence}${info}`, ...code, fence].join("\n")).join("\n\ntext\n\n");
}

describe("extractCode", () => {
  it("finds the TypeScript blocks, their places and marks", () => {
    const text = document(
      ["sh", "npm test"],
      ["ts", "const a = 1;"],
      ['ts run file="b.ts"', "console.log(2); // prints: 2"],
    );
    const { blocks, problems } = extractCode("a.md", text);
    expect(problems).toEqual([]);
    expect(blocks).toEqual([
      { document: "a.md", line: 8, code: "const a = 1;", run: false, file: undefined, prints: undefined },
      {
        document: "a.md",
        line: 14,
        code: "console.log(2); // prints: 2",
        run: true,
        file: "b.ts",
        prints: { lines: ["2"], anyOrder: false },
      },
    ]);
  });

  it("reads what a block prints from comments behind and below the code", () => {
    const text = document([
      "ts run",
      "console.log(1); // prints: 1",
      "work();",
      "// prints in any order:",
      "// a 1",
      "//   b: 2",
      "",
      "// not printed",
    ]);
    expect(extractCode("a.md", text).blocks[0]?.prints).toEqual({
      lines: ["1", "a 1", "  b: 2"],
      anyOrder: true,
    });
  });

  it("ignores a block for a reason only", () => {
    const text = document(
      ['ts ignore reason="a sketch of a later interface"', "nonsense("],
      ["ts ignore", "nonsense("],
      ["ts rnu", "const a = 1;"],
    );
    const { blocks, problems } = extractCode("a.md", text);
    expect(blocks).toHaveLength(1);
    expect(problems).toEqual([
      'a.md:7: ignored without a reason: `ts ignore reason="..."`',
      'a.md:13: unknown mark "rnu"',
    ]);
  });

  it("finds a block inside a list", () => {
    const text = `1. first:\n\n   ${fence}ts\n   const a = 1;\n   ${fence}\n`;
    expect(extractCode("a.md", text).blocks).toMatchObject([{ line: 4, code: "   const a = 1;" }]);
  });

  it("reports a block without an end", () => {
    expect(extractCode("a.md", `text\n${fence}ts\nconst a = 1;`).problems).toEqual([
      "a.md:2: the block has no end",
    ]);
  });
});

describe("Workbench", () => {
  it("reports an error at its line in the document, and sees the package's sources and other blocks", () => {
    const text = document(
      ['ts file="other.ts"', 'import * as millrace from "millrace";', "export const other = millrace;"],
      ["ts", 'import { other } from "./other.ts";', "", "const wrong: number = other;"],
    );
    using bench = new Workbench(extractCode("guide/a.md", text).blocks);
    const [error, ...others] = bench.check();
    expect(others).toEqual([]);
    expect(error).toMatch(/^guide\/a\.md:11: error TS2322/);
  });

  it("runs a block against the sources", async () => {
    const text = document([
      "ts run",
      'import * as millrace from "millrace";',
      'const where: string = import.meta.resolve("millrace");',
      'console.log(typeof millrace, where.endsWith("/packages/millrace/src/index.ts"));',
    ]);
    const { blocks } = extractCode("a.md", text);
    using bench = new Workbench(blocks);
    expect(await bench.run(blocks[0]!)).toEqual({ code: 0, out: "object true\n", err: "" });
  });

  it("tells of a block that fails", async () => {
    const { blocks } = extractCode("a.md", document(["ts run", 'throw new Error("planted");']));
    using bench = new Workbench(blocks);
    const run = await bench.run(blocks[0]!);
    expect(run.code).toBe(1);
    expect(run.err).toContain("planted");
  });
});
