import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { unreachable } from "../../../common/errors/unreachable.ts";
import type { WindowContents } from "../../../graph/stream/operator-spec.ts";
import { AggregateFold, canMerge, MergingAggregateFold } from "./aggregate-fold.ts";
import { ListFold } from "./list-fold.ts";
import { ReduceFold } from "./reduce-fold.ts";
import type { FoldOptions, MergingFold, SliceFold, WindowFold } from "./window-fold.ts";

/** The fold of any window's contents. */
export function windowFold(contents: WindowContents, options: FoldOptions): WindowFold {
  switch (contents.kind) {
    case "reduce":
      return new ReduceFold(contents.reduce, contents.type, options);
    case "aggregate":
      return new AggregateFold(contents.aggregate, options);
    case "process":
      return new ListFold(contents.type, options);
    default:
      return unreachable(contents, "window contents");
  }
}

/** The fold of contents that may share slices; undefined for those that may not (correctness rule 14). */
export function sliceFold(contents: WindowContents, options: FoldOptions): SliceFold | undefined {
  switch (contents.kind) {
    case "reduce":
      return contents.mergeable ? new ReduceFold(contents.reduce, contents.type, options) : undefined;
    case "aggregate":
      return canMerge(contents.aggregate) ? new MergingAggregateFold(contents.aggregate, options) : undefined;
    case "process":
      return undefined;
    default:
      return unreachable(contents, "window contents");
  }
}

/**
 * The fold of the contents of windows that merge.
 * @throws MillraceError INVALID_ARGUMENT for an aggregate without merge
 */
export function mergingFold(contents: WindowContents, options: FoldOptions): MergingFold {
  switch (contents.kind) {
    case "reduce":
      return new ReduceFold(contents.reduce, contents.type, options);
    case "aggregate":
      if (canMerge(contents.aggregate)) return new MergingAggregateFold(contents.aggregate, options);
      throw new MillraceError(
        "INVALID_ARGUMENT",
        `${options.where} merges windows, its aggregate has no merge`,
        {
          help: "Give the aggregate function a merge(a, b).",
        },
      );
    case "process":
      return new ListFold(contents.type, options);
    default:
      return unreachable(contents, "window contents");
  }
}
