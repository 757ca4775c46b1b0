import type { KeySelector } from "../../common/functions/functions.ts";
import type { AggregatingState, AggregatingStateDescriptor } from "../../common/state/state.ts";
import type { Timestamp } from "../../common/time/timestamps.ts";
import type { KeyedAggregateSpec } from "../../graph/stream/operator-spec.ts";
import { refuseAsync } from "../task/chain/refuse-async.ts";
import type { Operator, OperatorContext } from "./operator.ts";

/** Rolling aggregate: emits the result of the key for each record. */
export class KeyedAggregateOperator implements Operator {
  readonly #context: OperatorContext;
  readonly #keyOf: KeySelector<unknown, unknown>;
  readonly #result: KeyedAggregateSpec["result"];
  readonly #aggregate: AggregatingState<unknown, unknown>;
  readonly #where: string;

  constructor(spec: KeyedAggregateSpec, context: OperatorContext) {
    this.#context = context;
    this.#keyOf = spec.keySelector;
    this.#result = spec.result;
    this.#where = `operator "${context.runtime.operatorName}"`;
    const descriptor: AggregatingStateDescriptor<unknown, unknown, unknown> = {
      "~millrace": "state",
      kind: "aggregating",
      type: spec.aggregate.accumulatorType,
      aggregate: spec.aggregate,
    };
    this.#aggregate = context.keyedState.getState("aggregated", descriptor);
  }

  open(): void {}

  processRecord(value: unknown, timestamp: Timestamp): void {
    const keyOf = this.#keyOf;
    const key = keyOf(value);
    this.#context.keyedState.setCurrentKey(key);
    this.#aggregate.add(value);
    const makeResult = this.#result;
    const result = makeResult(key, this.#aggregate.get());
    refuseAsync(result, this.#where);
    this.#context.output.record(result, timestamp);
  }

  close(): void {}
}
