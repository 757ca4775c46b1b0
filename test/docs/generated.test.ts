import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { partsOf, withGeneratedParts } from "../../scripts/docs/generated-parts.ts";
import { repository } from "./workbench.ts";

const documents = globSync("docs/**/*.md", { cwd: repository })
  .map((document) => ({ document, text: readFileSync(join(repository, document), "utf8") }))
  .filter(({ text }) => partsOf(text).length > 0);

describe("the generated parts of the documentation", () => {
  it("are all there", () => {
    expect(documents.flatMap(({ text }) => partsOf(text)).toSorted()).toEqual([
      "cluster-settings",
      "error-codes",
      "guarantees",
      "rest-routes",
      "rest-schemas",
      "rest-settings",
      "restore-mismatches",
      "settings",
      "sinks",
      "sources",
    ]);
  });

  it.for(documents)("are up to date in $document (npm run docs rewrites them)", ({ text }) => {
    expect(withGeneratedParts(text)).toBe(text);
  });

  it("would show that they are stale", () => {
    const stale = "# Page\n\n<!-- generated: error-codes -->\n\n| code |\n\n<!-- end -->\n\nmore\n";
    const fresh = withGeneratedParts(stale);
    expect(fresh).toContain("| `INTERNAL` |");
    expect(fresh.endsWith("\n\n<!-- end -->\n\nmore\n")).toBe(true);
    expect(withGeneratedParts(fresh)).toBe(fresh);
    expect(() => withGeneratedParts("<!-- generated: nothing -->\n<!-- end -->")).toThrow(
      'No part "nothing"',
    );
  });
});
