import type { KeySelector } from "../../common/functions/functions.ts";
import type { ReducingState, ReducingStateDescriptor } from "../../common/state/state.ts";
import type { Timestamp } from "../../common/time/timestamps.ts";
import type { KeyedReduceSpec } from "../../graph/stream/operator-spec.ts";
import { refuseAsync } from "../task/chain/refuse-async.ts";
import type { Operator, OperatorContext } from "./operator.ts";

/** Rolling reduce: emits the new value of the key for each record. */
export class KeyedReduceOperator implements Operator {
  readonly #context: OperatorContext;
  readonly #keyOf: KeySelector<unknown, unknown>;
  readonly #value: ReducingState<unknown>;

  constructor(spec: KeyedReduceSpec, context: OperatorContext) {
    this.#context = context;
    this.#keyOf = spec.keySelector;
    const where = `operator "${context.runtime.operatorName}"`;
    const { reduce } = spec;
    const descriptor: ReducingStateDescriptor<unknown> = {
      "~millrace": "state",
      kind: "reducing",
      type: spec.type,
      reduce(a, b) {
        const reduced = reduce(a, b);
        refuseAsync(reduced, where);
        return reduced;
      },
    };
    this.#value = context.keyedState.getState("reduced", descriptor);
  }

  open(): void {}

  processRecord(value: unknown, timestamp: Timestamp): void {
    const keyOf = this.#keyOf;
    this.#context.keyedState.setCurrentKey(keyOf(value));
    this.#value.add(value);
    this.#context.output.record(this.#value.get(), timestamp);
  }

  close(): void {}
}
