import { MillraceError } from "../../common/errors/millrace-error.ts";
import type { OperatorKind, OperatorSpec } from "../../graph/stream/operator-spec.ts";
import { AsyncOperator } from "./async-operator.ts";
import { BroadcastProcessOperator } from "./broadcast-process-operator.ts";
import { CoProcessOperator } from "./co-process-operator.ts";
import { FilterOperator } from "./filter-operator.ts";
import { FlatMapOperator } from "./flat-map-operator.ts";
import { IntervalJoinOperator } from "./interval-join-operator.ts";
import { KeyedAggregateOperator } from "./keyed-aggregate-operator.ts";
import { KeyedBroadcastProcessOperator } from "./keyed-broadcast-process-operator.ts";
import { KeyedCoProcessOperator } from "./keyed-co-process-operator.ts";
import { KeyedProcessOperator } from "./keyed-process-operator.ts";
import { KeyedReduceOperator } from "./keyed-reduce-operator.ts";
import { MapOperator } from "./map-operator.ts";
import type { Operator, OperatorContext } from "./operator.ts";
import { ProcessOperator } from "./process-operator.ts";
import { WatermarksOperator } from "./watermarks-operator.ts";
import { createWindowOperator } from "./window/create-window-operator.ts";

type SpecOf<K extends OperatorKind> = Extract<OperatorSpec, { readonly kind: K }>;

/** How each kind of operator is made. */
const FACTORIES: { readonly [K in OperatorKind]: (spec: SpecOf<K>, context: OperatorContext) => Operator } = {
  source: madeByItsTask,
  map: (spec, context) => new MapOperator(spec, context),
  filter: (spec, context) => new FilterOperator(spec, context),
  flatMap: (spec, context) => new FlatMapOperator(spec, context),
  watermarks: (spec, context) => new WatermarksOperator(spec, context),
  process: (spec, context) => new ProcessOperator(spec, context),
  keyedProcess: (spec, context) => new KeyedProcessOperator(spec, context),
  coProcess: (spec, context) => new CoProcessOperator(spec, context),
  keyedCoProcess: (spec, context) => new KeyedCoProcessOperator(spec, context),
  broadcastProcess: (spec, context) => new BroadcastProcessOperator(spec, context),
  keyedBroadcastProcess: (spec, context) => new KeyedBroadcastProcessOperator(spec, context),
  keyedReduce: (spec, context) => new KeyedReduceOperator(spec, context),
  keyedAggregate: (spec, context) => new KeyedAggregateOperator(spec, context),
  window: createWindowOperator,
  intervalJoin: (spec, context) => new IntervalJoinOperator(spec, context),
  async: (spec, context) => new AsyncOperator(spec, context),
  sink: madeByItsTask,
};

/**
 * Makes the operator of a spec in one subtask. Sources and sinks need their task's services besides, so the task makes them
 * itself.
 */
export function createOperator(spec: OperatorSpec, context: OperatorContext): Operator {
  const factory = FACTORIES[spec.kind] as (spec: OperatorSpec, context: OperatorContext) => Operator;
  return factory(spec, context);
}

function madeByItsTask(spec: OperatorSpec): never {
  throw new MillraceError("INTERNAL", `a ${spec.kind} operator is made by its task`);
}
