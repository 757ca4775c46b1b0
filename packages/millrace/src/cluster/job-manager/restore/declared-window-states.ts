import { unreachable } from "../../../common/errors/unreachable.ts";
import type { StateRecord } from "../../../common/functions/process-functions.ts";
import type { AnyType } from "../../../common/types/infer-types.ts";
import { Types } from "../../../common/types/types.ts";
import type { ProcessWindowFunction } from "../../../common/windows/window-functions.ts";
import type { WindowContents, WindowSpec } from "../../../graph/stream/operator-spec.ts";
import type { StateHeader } from "../../../runtime/checkpoint/format/keyed-part.ts";
import { isMerging } from "../../../runtime/operators/window/merging-shapes.ts";
import { windowLayout } from "../../../runtime/operators/window/window-layout.ts";
import { asksForMore } from "./asks-for-more.ts";
import { describedState, ownState } from "./state-header.ts";

/** What a window operator is known to keep before it runs. */
export interface DeclaredWindowStates {
  readonly keyed: readonly StateHeader[];
  /** Whether its trigger or its function may ask for others. */
  readonly more: boolean;
}

/** The states of a window operator: its contents by its layout, and those that its function declares. */
export function declaredWindowStates(spec: WindowSpec): DeclaredWindowStates {
  const fn = windowFunction(spec.contents);
  const layout = windowLayout(spec).kind;
  const merging = isMerging(spec.assigner.shape);
  return {
    keyed: [
      ...contentsStates(spec, layout, merging),
      ...Object.entries(fn?.state ?? {}).flatMap(([field, descriptor]) => [
        describedState(`global.${field}`, "keyed", descriptor),
        ...(merging ? [] : [describedState(`window.${field}`, "namespaced", descriptor)]),
      ]),
    ],
    // Triggers name their states when they first use them.
    more: layout === "key-first" || (fn !== undefined && asksForMore(fn)),
  };
}

function contentsStates(
  spec: WindowSpec,
  layout: ReturnType<typeof windowLayout>["kind"],
  merging: boolean,
): StateHeader[] {
  const folded = foldedType(spec.contents);
  switch (layout) {
    case "windows":
    case "slices":
      return [ownState(layout, "tables", undefined, folded)];
    case "sessions":
      return [ownState("sessions", "tables", undefined, sessionsType(folded))];
    case "key-first":
      return [
        keyFirstContents(spec),
        ...(merging ? [ownState("merging-windows", "keyed", "value", Types.array(Types.double))] : []),
      ];
    default:
      return unreachable(layout, "window layout");
  }
}

/** The type of a window's accumulator. */
function foldedType(contents: WindowContents): AnyType | undefined {
  switch (contents.kind) {
    case "reduce":
      return contents.type;
    case "aggregate":
      return contents.aggregate.accumulatorType;
    case "process":
      return contents.type === undefined ? undefined : Types.array(contents.type);
    default:
      return unreachable(contents, "window contents");
  }
}

function sessionsType(contents: AnyType | undefined): AnyType | undefined {
  if (contents === undefined) return undefined;
  return Types.array(Types.object({ start: Types.double, end: Types.double, contents }));
}

function keyFirstContents({ contents, evictor }: WindowSpec): StateHeader {
  if (evictor !== undefined) {
    const type = contents.kind === "aggregate" ? undefined : contents.type;
    return ownState("contents", "namespaced", "list", recordsType(type));
  }
  switch (contents.kind) {
    case "reduce":
      return ownState("contents", "namespaced", "reducing", contents.type);
    case "aggregate":
      return ownState("contents", "namespaced", "aggregating", contents.aggregate.accumulatorType);
    case "process":
      return ownState("contents", "namespaced", "list", contents.type);
    default:
      return unreachable(contents, "window contents");
  }
}

/** With an evictor all records are kept, with their times. */
function recordsType(value: AnyType | undefined): AnyType | undefined {
  return value === undefined ? undefined : Types.object({ value, timestamp: Types.double });
}

/** The function of a window, whatever its windows and states. */
function windowFunction(
  contents: WindowContents,
): ProcessWindowFunction<unknown, never, unknown, unknown, StateRecord> | undefined {
  if (contents.kind === "process") return contents.fn;
  return contents.output.kind === "process" ? contents.output.fn : undefined;
}
