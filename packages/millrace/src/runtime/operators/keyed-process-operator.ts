import type { KeySelector } from "../../common/functions/functions.ts";
import type { KeyedProcessFunction, OutputRecord } from "../../common/functions/process-functions.ts";
import type { Timestamp } from "../../common/time/timestamps.ts";
import type { KeyedProcessSpec } from "../../graph/stream/operator-spec.ts";
import { KeyedFunctionOperator } from "./function/keyed-function-operator.ts";
import { OperatorKeyedContext } from "./function/keyed-process-context.ts";
import type { OperatorContext } from "./operator.ts";

/** A process function on a keyed stream: state and timers for each key. */
export class KeyedProcessOperator extends KeyedFunctionOperator {
  readonly #fn: KeyedProcessFunction<unknown, unknown, unknown>;
  readonly #keyOf: KeySelector<unknown, unknown>;

  constructor(spec: KeyedProcessSpec, context: OperatorContext) {
    super(context, spec.fn);
    this.#fn = spec.fn;
    this.#keyOf = spec.keySelector;
  }

  protected createContext(outputs: OutputRecord | undefined): OperatorKeyedContext {
    return new OperatorKeyedContext(this.context, outputs, this.timers, this.progress);
  }

  processRecord(value: unknown, timestamp: Timestamp): void {
    if (this.busy) this.park(0, value, timestamp);
    else this.handle(0, value, timestamp);
  }

  protected handle(_input: 0 | 1, value: unknown, timestamp: Timestamp): void {
    const keyOf = this.#keyOf;
    this.select(keyOf(value), timestamp);
    const returned: unknown = this.#fn.onRecord(value, this.function);
    if (returned !== undefined) this.refuse(returned);
  }
}
