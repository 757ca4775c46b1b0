import { unreachable } from "../../../common/errors/unreachable.ts";
import type { BroadcastRecord, StateRecord } from "../../../common/functions/process-functions.ts";
import type { AnyType } from "../../../common/types/infer-types.ts";
import { Types } from "../../../common/types/types.ts";
import type { AsyncSpec, OperatorSpec } from "../../../graph/stream/operator-spec.ts";
import type { StateHeader } from "../../../runtime/checkpoint/format/keyed-part.ts";
import { asksForMore } from "./asks-for-more.ts";
import { declaredWindowStates } from "./declared-window-states.ts";
import { describedOperatorState, describedState, ownState } from "./state-header.ts";
import type { StoredOperatorState } from "./stored-states.ts";

/** States that an operator is known to use before it runs. */
export interface DeclaredStates {
  readonly keyed: readonly StateHeader[];
  readonly operator: readonly StoredOperatorState[];
  /** Whether it may use others besides, which its functions ask for when they start. */
  readonly more: boolean;
}

const NONE: DeclaredStates = { keyed: [], operator: [], more: false };

/**
 * The states that an operator's spec tells of: those of `process({ state })`, of aggregates, windows and joins. Timers are not among them.
 * What functions ask for in `open` and `initializeState`, and sinks by themselves, nobody knows before they run.
 */
export function declaredStates(spec: OperatorSpec): DeclaredStates {
  switch (spec.kind) {
    case "source":
    case "watermarks":
      return NONE;
    case "sink":
      return { ...NONE, more: true };
    case "map":
    case "filter":
    case "flatMap":
      return { ...NONE, more: spec.rich !== undefined && asksForMore(spec.rich) };
    case "process":
    case "coProcess":
      return { ...NONE, more: asksForMore(spec.fn) };
    case "broadcastProcess":
      return { ...NONE, operator: broadcastStates(spec.broadcast), more: asksForMore(spec.fn) };
    case "keyedProcess":
    case "keyedCoProcess":
      return { ...NONE, keyed: functionStates(spec.fn.state), more: asksForMore(spec.fn) };
    case "keyedBroadcastProcess":
      return {
        keyed: functionStates(spec.fn.state),
        operator: broadcastStates(spec.broadcast),
        more: asksForMore(spec.fn),
      };
    case "keyedReduce":
      return { ...NONE, keyed: [ownState("reduced", "keyed", "reducing", spec.type)] };
    case "keyedAggregate":
      return {
        ...NONE,
        keyed: [ownState("aggregated", "keyed", "aggregating", spec.aggregate.accumulatorType)],
      };
    case "window":
      return { ...NONE, ...declaredWindowStates(spec) };
    case "intervalJoin":
      return {
        ...NONE,
        keyed: (["left", "right"] as const).map((name, side) =>
          ownState(name, "namespaced", "list", bufferedType(spec.types[side])),
        ),
      };
    case "async":
      return asyncStates(spec);
    default:
      return unreachable(spec, "operator");
  }
}

const functionStates = (states: StateRecord | undefined): StateHeader[] =>
  Object.entries(states ?? {}).map(([name, descriptor]) => describedState(name, "keyed", descriptor));

const broadcastStates = (states: BroadcastRecord): StoredOperatorState[] =>
  Object.entries(states).map(([name, descriptor]) => describedOperatorState(name, "broadcast", descriptor));

/** The type of records that wait for partners. */
const bufferedType = (value: AnyType | undefined): AnyType | undefined =>
  value === undefined ? undefined : Types.object({ time: Types.double, value });

/** The type of requests underway on a keyed stream. */
/** Requests underway: by key behind a `keyBy`, a list otherwise. */
function asyncStates({ inFlightKey, inputType: value }: AsyncSpec): DeclaredStates {
  const name = "async-in-flight";
  if (inFlightKey === undefined) {
    const type = value && Types.object({ value, timestamp: Types.double }).description;
    return { ...NONE, operator: [{ name, mode: "split", keyType: undefined, type }] };
  }
  const type = value && Types.object({ value, timestamp: Types.double, place: Types.int });
  return { ...NONE, keyed: [ownState(name, "keyed", "list", type)] };
}
