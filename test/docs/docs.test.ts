import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { extractCode } from "./code-blocks.ts";
import { repository, Workbench } from "./workbench.ts";

const documents = globSync(["*.md", "docs/**/*.md", "packages/*/README.md"], { cwd: repository }).toSorted();
const extracted = documents.map((document) =>
  extractCode(document, readFileSync(join(repository, document), "utf8")),
);
const blocks = extracted.flatMap((code) => code.blocks);
const tests = blocks.filter(({ file }) => file?.endsWith(".test.ts"));
const runnable = blocks.filter((block) => block.run);

describe("the code in the documentation", () => {
  const bench = new Workbench(blocks);

  afterAll(() => bench[Symbol.dispose]());

  it("is marked as it should be", () => {
    expect(extracted.flatMap((code) => code.problems)).toEqual([]);
  });

  it("passes the compiler", () => {
    expect(bench.check()).toEqual([]);
  });

  it.for(runnable.map((block) => ({ block, place: `${block.document}:${block.line}` })))(
    "prints what it says: $place",
    async ({ block }) => {
      const { code, out, err } = await bench.run(block);
      expect({ code, err }).toEqual({ code: 0, err: "" });
      if (block.prints === undefined) return;
      const { anyOrder, lines } = block.prints;
      const printed = out.trimEnd().split("\n");
      expect(anyOrder ? printed.toSorted() : printed).toEqual(anyOrder ? lines.toSorted() : lines);
    },
  );

  // Imported here, they are tests of this file.
  describe.for(tests.map((block) => ({ block, place: `${block.document}:${block.line}` })))(
    "tests what it says: $place",
    async ({ block }) => {
      await import(/* @vite-ignore */ bench.fileOf(block));
    },
  );
});
