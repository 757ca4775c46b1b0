import { MillraceError } from "../../common/errors/millrace-error.ts";
import { preview } from "../../common/errors/preview.ts";
import { unreachable } from "../../common/errors/unreachable.ts";
import type { StreamGraphBuilder } from "../../graph/stream/stream-graph-builder.ts";
import type { ChainingStrategy } from "../../graph/stream/stream-graph.ts";

/** What the methods of OperatorSettings say of a node. */
export type OperatorChange =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "uid"; readonly uid: string }
  | { readonly kind: "parallelism"; readonly parallelism: number }
  | { readonly kind: "maxParallelism"; readonly maxParallelism: number }
  | { readonly kind: "chaining"; readonly chaining: ChainingStrategy }
  | { readonly kind: "slotSharingGroup"; readonly group: string };

/** Applies a change to a recorded node. @throws MillraceError INVALID_ARGUMENT, INVALID_GRAPH */
export function changeNode(builder: StreamGraphBuilder, node: number, change: OperatorChange): void {
  switch (change.kind) {
    case "name":
      return builder.update(node, { name: text("name", change.name) });
    case "uid":
      return builder.update(node, { uid: text("uid", change.uid) });
    case "parallelism":
      return builder.update(node, { parallelism: change.parallelism });
    case "maxParallelism":
      return builder.update(node, { maxParallelism: change.maxParallelism });
    case "chaining":
      return builder.update(node, { chaining: change.chaining });
    case "slotSharingGroup":
      return builder.update(node, { slotSharingGroup: text("slotSharingGroup", change.group) });
    default:
      return unreachable(change, "change of an operator");
  }
}

function text(what: string, value: string): string {
  if (typeof value === "string" && value.trim() !== "") return value;
  throw new MillraceError(
    "INVALID_ARGUMENT",
    `${what} takes a text that is not empty, got ${preview(value)}`,
  );
}
