import type { WindowShape } from "../../../common/windows/window-assigner.ts";

/** Whether windows of a shape merge when they meet. */
export function isMerging(shape: WindowShape): boolean {
  switch (shape.kind) {
    case "session":
    case "dynamic-session":
      return true;
    case "custom":
      return shape.merging;
    case "tumbling":
    case "sliding":
    case "global":
      return false;
  }
}
