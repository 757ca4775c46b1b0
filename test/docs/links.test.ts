import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { repository } from "./workbench.ts";

const documents = globSync(["*.md", "docs/**/*.md"], { cwd: repository }).toSorted();

/** Links to other files and headings; code is no link. */
function linksOf(text: string): string[] {
  const prose = text.replaceAll(/^(`{3,})[\s\S]*?^\1$/gm, "").replaceAll(/`[^`\n]*`/g, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = ""]) => link)
    .filter((link) => !/^[a-z]+:/.test(link));
}

/** The anchors of a document's headings, as GitHub makes them. */
function anchorsOf(text: string): Set<string> {
  const prose = text.replaceAll(/^(`{3,})[\s\S]*?^\1$/gm, "");
  const headings = [...prose.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
        .replaceAll(/\s/g, "-"),
    ),
  );
}

/** What is wrong with a link of a document; undefined for a good one. */
function problemOf(document: string, link: string): string | undefined {
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? document : relative(repository, join(repository, dirname(document), path));
  if (!existsSync(join(repository, target))) return `${document}: ${link}: there is no ${target}`;
  if (anchor === undefined) return undefined;
  const known = anchorsOf(readFileSync(join(repository, target), "utf8"));
  return known.has(anchor) ? undefined : `${document}: ${link}: ${target} has no heading "${anchor}"`;
}

describe("links in the documentation", () => {
  it.for(documents)("lead somewhere: %s", (document) => {
    const links = linksOf(readFileSync(join(repository, document), "utf8"));
    expect(links.map((link) => problemOf(document, link)).filter((problem) => problem !== undefined)).toEqual(
      [],
    );
  });

  it("are found, and told from code", () => {
    const text =
      "[a](x.md) `[b](y.md)` [c](https://example.com)\n```ts\nf[0](z);\n```\n[d](#a-heading)\n# A `heading`\n";
    expect(linksOf(text)).toEqual(["x.md", "#a-heading"]);
    expect(anchorsOf(text)).toEqual(new Set(["a-heading"]));
    expect(problemOf("README.md", "no-such.md")).toBe("README.md: no-such.md: there is no no-such.md");
    expect(problemOf("README.md", "#no-such")).toContain("has no heading");
  });
});
