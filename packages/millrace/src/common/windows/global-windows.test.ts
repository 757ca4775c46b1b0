import { expect, it } from "vitest";
import { GlobalWindows } from "./global-windows.ts";
import { GLOBAL_WINDOW } from "./window.ts";

it("GlobalWindows put every record into the one window, which fires never, or at the end of input", () => {
  const windows = GlobalWindows.create();
  expect(windows.assignWindows()).toEqual([GLOBAL_WINDOW]);
  expect(windows.shape).toEqual({ kind: "global" });
  expect(windows.defaultTrigger().name).toBe("NeverTrigger");
  expect(GlobalWindows.createWithEndOfStreamTrigger().defaultTrigger().name).toBe("EndOfStreamTrigger");
});
