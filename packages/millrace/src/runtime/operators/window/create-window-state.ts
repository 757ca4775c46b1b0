import { unreachable } from "../../../common/errors/unreachable.ts";
import type {
  AggregateFunction,
  AggregatingStateDescriptor,
  ListStateDescriptor,
  ReducingStateDescriptor,
} from "../../../common/state/state.ts";
import type { WindowSpec } from "../../../graph/stream/operator-spec.ts";
import type { KeyedStateStore } from "../../state/keyed-state.ts";
import { refuseAsync } from "../../task/chain/refuse-async.ts";
import { canMerge } from "./aggregate-fold.ts";
import { windowFold } from "./create-fold.ts";
import { EvictedState, evictedDescriptor, type EvictorContext } from "./evicted-state.ts";
import { FoldedState } from "./folded-state.ts";
import { ListedState } from "./listed-state.ts";
import type { FoldOptions } from "./window-fold.ts";
import type { WindowState } from "./window-state.ts";

/** The name of the state. */
const CONTENTS = "contents";

/** The state of a window's contents; with an evictor, all records are kept and folded when the window fires. */
export function windowState(
  spec: WindowSpec,
  store: KeyedStateStore,
  evictorContext: EvictorContext,
  options: FoldOptions,
): WindowState {
  const { contents, evictor } = spec;
  if (evictor !== undefined) {
    const type = contents.kind === "aggregate" ? undefined : contents.type;
    const state = store.getNamespacedState(CONTENTS, evictedDescriptor(type));
    return new EvictedState(state, evictor, windowFold(contents, options), evictorContext);
  }
  switch (contents.kind) {
    case "reduce": {
      const descriptor: ReducingStateDescriptor<unknown> = {
        "~millrace": "state",
        kind: "reducing",
        type: contents.type,
        reduce: synchronous(contents.reduce, options.where),
      };
      return new FoldedState(store.getNamespacedState(CONTENTS, descriptor));
    }
    case "aggregate": {
      const descriptor: AggregatingStateDescriptor<unknown, unknown, unknown> = {
        "~millrace": "state",
        kind: "aggregating",
        type: contents.aggregate.accumulatorType,
        aggregate: synchronousAggregate(contents.aggregate, options.where),
      };
      return new FoldedState(store.getNamespacedState(CONTENTS, descriptor));
    }
    case "process": {
      const descriptor: ListStateDescriptor<unknown> = {
        "~millrace": "state",
        kind: "list",
        type: contents.type,
      };
      return new ListedState(store.getNamespacedState(CONTENTS, descriptor));
    }
    default:
      return unreachable(contents, "window contents");
  }
}

function synchronousAggregate(
  aggregate: AggregateFunction<unknown, unknown, unknown>,
  where: string,
): AggregateFunction<unknown, unknown, unknown> {
  const { accumulatorType } = aggregate;
  return {
    createAccumulator: () => aggregate.createAccumulator(),
    add: synchronous((accumulator, value) => aggregate.add(accumulator, value), where),
    getResult: (accumulator) => aggregate.getResult(accumulator),
    ...(canMerge(aggregate) ? { merge: (a: unknown, b: unknown) => aggregate.merge(a, b) } : {}),
    ...(accumulatorType === undefined ? {} : { accumulatorType }),
  };
}

/** The function, refusing a promise as its first answer. */
function synchronous(
  fn: (a: unknown, b: unknown) => unknown,
  where: string,
): (a: unknown, b: unknown) => unknown {
  let tried = false;
  return (a, b) => {
    const answer = fn(a, b);
    if (!tried) refuseAsync(answer, where);
    tried = true;
    return answer;
  };
}
