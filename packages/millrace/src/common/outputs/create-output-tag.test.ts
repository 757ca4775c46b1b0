import { expect, it } from "vitest";
import { Types } from "../types/types.ts";
import { outputTag } from "./create-output-tag.ts";

it("outputTag names a side output and its type", () => {
  const tag = outputTag("late", Types.int);
  expect(tag).toEqual({ "~millrace": "output", id: "late", type: Types.int });
  expect(Object.isFrozen(tag)).toBe(true);
  expect(outputTag<number>("late").type).toBeUndefined();
  expect(() => outputTag("")).toThrow(/must be a string that is not empty/u);
});
