import { availableParallelism } from "node:os";
import { describe, expect, it } from "vitest";
import { parseConfig } from "../../common/config/configuration.ts";
import { threadsAhead } from "./threads-ahead.ts";

describe("threadsAhead", () => {
  it("is the parallelism that was asked for", () => {
    expect(threadsAhead(3, parseConfig({ "parallelism.default": 5 }))).toBe(3);
    expect(threadsAhead(undefined, parseConfig({ "parallelism.default": 5 }))).toBe(5);
    expect(threadsAhead(undefined, {})).toBe(Math.min(16, availableParallelism()));
  });

  it("is bounded, whatever was asked for", () => {
    expect(threadsAhead(10_000, {})).toBe(16);
  });

  it("is none where there will be no job", () => {
    expect(threadsAhead(9, parseConfig({ "pipeline.max-parallelism": 8 }))).toBe(0);
    expect(threadsAhead(40_000, {})).toBe(0);
  });
});
