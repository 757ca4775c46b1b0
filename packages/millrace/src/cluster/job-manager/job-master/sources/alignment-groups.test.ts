import { describe, expect, it } from "vitest";
import { AlignmentGroups } from "./alignment-groups.ts";

describe("AlignmentGroups", () => {
  it("answers the slowest member, those that have not reported included", () => {
    const groups = new AlignmentGroups();
    groups.join("g", "a");
    groups.join("g", "b");
    expect(groups.report("g", "a", 100)).toBe(-Infinity);
    expect(groups.report("g", "b", 40)).toBe(40);
    expect(groups.report("other", "a", 7)).toBe(7);
    expect(groups.report("g", "b", Infinity)).toBe(100);
  });
});
