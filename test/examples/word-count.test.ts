import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { repository, runExample } from "./run-example.ts";

/** The lines that the example should print. */
function expected(text: string, top: number): string[] {
  const counts = new Map<string, number>();
  for (const [word] of text.toLowerCase().matchAll(/[\p{L}\p{N}]+/gu)) {
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts]
    .sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
    .slice(0, top)
    .map(([word, count]) => `${String(count).padStart(8)}  ${word}`);
}

describe("examples/word-count.ts", () => {
  const text = readFileSync(join(repository, "LICENSE"), "utf8");

  it.for([1, 2])("counts the words of standard input in %i slots", async (parallelism) => {
    const run = await runExample("word-count", { parallelism, input: text, args: ["--top", "50"] });
    expect(run.lines).toEqual(expected(text, 50));
    expect(run.code).toBe(0);
    expect(run.err).toContain("FINISHED");
  });

  it("ends at once with empty input", async () => {
    const run = await runExample("word-count", { parallelism: 2, input: "" });
    expect([run.code, run.lines]).toEqual([0, []]);
  });
});
