import { describe, expect, it } from "vitest";
import { closest, didYouMean } from "./did-you-mean.ts";

describe("closest", () => {
  it.each([
    ["inptu", "input"],
    ["output", "output"],
    ["outputs", "output"],
    ["buffer-size", "bufferSize"],
    ["Fomat", "format"],
  ])("takes %s for %s", (written, meant) => {
    expect(closest(written, ["input", "output", "format", "bufferSize"])).toBe(meant);
  });

  it("guesses nothing where nothing is near", () => {
    expect(closest("verbose", ["input", "output"])).toBeUndefined();
    expect(closest("x", [])).toBeUndefined();
  });
});

it("didYouMean ends a message", () => {
  const shown = (name: string): string => `--${name}`;
  expect(didYouMean("inptu", ["input", "output"], shown)).toBe("did you mean --input?");
  expect(didYouMean("verbose", ["input", "output"], shown)).toBe("known are --input, --output");
  expect(didYouMean("verbose", [])).toBe("there are none");
});
