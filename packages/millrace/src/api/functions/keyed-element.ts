import { unreachable } from "../../common/errors/unreachable.ts";
import type { KeySelector } from "../../common/functions/functions.ts";
import type { KeyedProcessFunction } from "../../common/functions/process-functions.ts";
import type { CheckpointedFunction, RichFunction } from "../../common/functions/runtime-context.ts";
import { defaultName } from "../../graph/stream/operator-names.ts";
import type { FilterSpec, FlatMapSpec, MapSpec, OperatorSpec } from "../../graph/stream/operator-spec.ts";
import type { SpecWithFactory } from "./fresh-spec.ts";

type ElementSpec = MapSpec | FilterSpec | FlatMapSpec;

/**
 * The spec of map, filter or flatMap on a keyed stream. An object with a life may ask for keyed state in `open`, so its operator must
 * know the key; a bare function can't, and stays what is quickest.
 */
export function keyedElement(
  made: SpecWithFactory,
  keySelector: KeySelector<unknown, unknown>,
): SpecWithFactory & { readonly name?: string } {
  const { spec, freshSpec } = made;
  if (!isElement(spec) || spec.rich === undefined) return made;
  const keyed = (element: OperatorSpec): OperatorSpec =>
    isElement(element) ? { kind: "keyedProcess", keySelector, fn: asProcessFunction(element) } : element;
  return {
    spec: keyed(spec),
    freshSpec: freshSpec === undefined ? undefined : () => keyed(freshSpec()),
    name: defaultName(spec),
  };
}

const isElement = (spec: OperatorSpec): spec is ElementSpec =>
  spec.kind === "map" || spec.kind === "filter" || spec.kind === "flatMap";

function asProcessFunction(spec: ElementSpec): KeyedProcessFunction<unknown, unknown, unknown> {
  const life: RichFunction & CheckpointedFunction = spec.rich ?? {};
  return {
    open: (context) => life.open?.(context),
    close: () => life.close?.(),
    initializeState: (context) => life.initializeState?.(context),
    snapshotState: (checkpointId) => life.snapshotState?.(checkpointId),
    notifyCheckpointComplete: (checkpointId) => life.notifyCheckpointComplete?.(checkpointId),
    onRecord(record, context) {
      switch (spec.kind) {
        case "map":
          return context.collect(spec.fn(record));
        case "filter":
          return spec.fn(record) ? context.collect(record) : undefined;
        case "flatMap":
          for (const value of spec.fn(record, context) ?? []) context.collect(value);
          return undefined;
        default:
          return unreachable(spec, "operator");
      }
    },
  };
}
