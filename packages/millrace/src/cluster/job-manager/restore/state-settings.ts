import { unreachable } from "../../../common/errors/unreachable.ts";
import type { WindowShape } from "../../../common/windows/window-assigner.ts";
import type { IntervalJoinSpec, OperatorSpec, WindowSpec } from "../../../graph/stream/operator-spec.ts";
import { windowLayout } from "../../../runtime/operators/window/window-layout.ts";

/**
 * Settings of an operator that the meaning of its state depends on, though its types don't show it: in words, by what they set. They stand in
 * checkpoints, and a job that sets them otherwise is refused. Settings that old state bears (the gap of sessions, a trigger's
 * count) are not among them.
 *
 * @returns undefined where there are none
 * @example `{ windows: "tumbling, 60000 ms, event time" }`, `{ source: "file source" }`
 */
export function stateSettings(spec: OperatorSpec): Readonly<Record<string, string>> | undefined {
  switch (spec.kind) {
    case "source":
      return { source: spec.source.name };
    case "sink":
      return { sink: spec.sink.name };
    case "window":
      return windowSettings(spec);
    case "intervalJoin":
      return { bounds: boundsOf(spec) };
    case "map":
    case "filter":
    case "flatMap":
    case "watermarks":
    case "process":
    case "keyedProcess":
    case "coProcess":
    case "keyedCoProcess":
    case "broadcastProcess":
    case "keyedBroadcastProcess":
    case "keyedReduce":
    case "keyedAggregate":
    case "async":
      return undefined;
    default:
      return unreachable(spec, "operator");
  }
}

/** Tables know their window by its start alone: what they hold is of windows of one size. */
function windowSettings(spec: WindowSpec): Readonly<Record<string, string>> | undefined {
  const layout = windowLayout(spec);
  if (layout.kind !== "windows" && layout.kind !== "slices") return undefined;
  return { windows: `${geometryOf(layout.shape)}, ${spec.assigner.timeDomain} time` };
}

function geometryOf(shape: WindowShape & { readonly kind: "tumbling" | "sliding" }): string {
  const offset = shape.offset === 0 ? "" : `, offset ${shape.offset} ms`;
  return shape.kind === "tumbling"
    ? `tumbling, ${shape.size} ms${offset}`
    : `sliding, ${shape.size} ms by ${shape.slide} ms${offset}`;
}

/** Records wait in buckets whose size follows from the bounds. */
const boundsOf = ({ lower, upper }: IntervalJoinSpec): string => `${lower} ms to ${upper} ms`;
