import { describe, expect, it } from "vitest";
import { SourceRun } from "../testing/source-run.ts";
import { sourceSuite } from "../testing/source-suite.ts";
import { itemsSource } from "./items-source.ts";

const words = Array.from({ length: 200 }, (_, i) => `word ${i}`);

sourceSuite({ name: "items", create: () => itemsSource(words), expected: words, parallel: false });
sourceSuite({ name: "no items", create: () => itemsSource([]), expected: [], parallel: false });

describe("itemsSource", () => {
  it("takes any iterable, and its items as they were", async () => {
    const items = new Set([1, 2]);
    const source = itemsSource(items);
    items.add(3);
    const run = await new SourceRun(source).run();
    expect(run.records).toEqual([1, 2]);
  });
});
