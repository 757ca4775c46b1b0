import { unreachable } from "../../common/errors/unreachable.ts";
import type { OperatorSpec, WindowContents } from "./operator-spec.ts";

/**
 * The name that an operator carries unless the program gives one, as Flink's users know them:
 * "Source: flights", "Flat Map", "Window(tumbling, aggregate)".
 */
export function defaultName(spec: OperatorSpec): string {
  switch (spec.kind) {
    case "source":
      return `Source: ${spec.source.name}`;
    case "sink":
      return `Sink: ${spec.sink.name}`;
    case "map":
      return "Map";
    case "filter":
      return "Filter";
    case "flatMap":
      return "Flat Map";
    case "watermarks":
      return "Timestamps/Watermarks";
    case "process":
      return "Process";
    case "keyedProcess":
      return "Keyed Process";
    case "coProcess":
      return "Co-Process";
    case "keyedCoProcess":
      return "Keyed Co-Process";
    case "broadcastProcess":
      return "Broadcast Process";
    case "keyedBroadcastProcess":
      return "Keyed Broadcast Process";
    case "keyedReduce":
      return "Keyed Reduce";
    case "keyedAggregate":
      return "Keyed Aggregate";
    case "window":
      return `Window(${windowShapeName(spec.assigner.shape)}, ${contentsName(spec.contents)})`;
    case "intervalJoin":
      return "Interval Join";
    case "async":
      return "Async Map";
    default:
      return unreachable(spec, "operator");
  }
}

const contentsName = (contents: WindowContents): string => contents.kind;

const windowShapeName = (shape: { readonly kind: string; readonly name?: string }): string =>
  shape.kind === "custom" ? (shape.name ?? shape.kind) : shape.kind;
