import fc from "fast-check";
import { expect, it } from "vitest";
import { GLOBAL_WINDOW, timeWindow, windowKey } from "../../../common/windows/window.ts";
import { WindowNames, windowOfKey } from "./window-names.ts";

const time = fc.oneof(
  fc.integer(),
  fc.integer({ min: -10, max: 10 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);

it("names windows as windowKey does, and finds the window of a name", () => {
  const names = new WindowNames();
  fc.assert(
    fc.property(fc.array(fc.tuple(time, time)), (spans) => {
      for (const [start, end] of spans) {
        const window = timeWindow(start, end);
        expect(names.of(window)).toBe(windowKey(window));
        expect(windowOfKey(names.of(window))).toEqual(timeWindow(start + 0, end + 0));
      }
    }),
  );
  expect(names.of(GLOBAL_WINDOW)).toBe(windowKey(GLOBAL_WINDOW));
  expect(windowOfKey(windowKey(GLOBAL_WINDOW))).toBe(GLOBAL_WINDOW);
});
