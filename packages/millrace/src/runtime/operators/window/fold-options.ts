import type { OperatorContext } from "../operator.ts";
import type { FoldOptions } from "./window-fold.ts";

/** What an operator's folds know of where they run. */
export function foldOptions({ runtime, freeze }: OperatorContext): FoldOptions {
  return { where: `operator "${runtime.operatorName}"`, freeze };
}
