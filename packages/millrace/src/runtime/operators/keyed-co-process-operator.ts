import type { KeyedCoProcessFunction, OutputRecord } from "../../common/functions/process-functions.ts";
import type { Timestamp } from "../../common/time/timestamps.ts";
import type { KeyedCoProcessSpec } from "../../graph/stream/operator-spec.ts";
import { KeyedFunctionOperator } from "./function/keyed-function-operator.ts";
import { OperatorKeyedContext } from "./function/keyed-process-context.ts";
import type { OperatorContext } from "./operator.ts";

/** A process function on two streams keyed alike, which share state and timers. */
export class KeyedCoProcessOperator extends KeyedFunctionOperator {
  readonly #fn: KeyedCoProcessFunction<unknown, unknown, unknown, unknown>;
  readonly #keySelectors: KeyedCoProcessSpec["keySelectors"];

  constructor(spec: KeyedCoProcessSpec, context: OperatorContext) {
    super(context, spec.fn);
    this.#fn = spec.fn;
    this.#keySelectors = spec.keySelectors;
  }

  protected createContext(outputs: OutputRecord | undefined): OperatorKeyedContext {
    return new OperatorKeyedContext(this.context, outputs, this.timers, this.progress);
  }

  processRecord(value: unknown, timestamp: Timestamp): void {
    if (this.busy) this.park(0, value, timestamp);
    else this.handle(0, value, timestamp);
  }

  processRecord2(value: unknown, timestamp: Timestamp): void {
    if (this.busy) this.park(1, value, timestamp);
    else this.handle(1, value, timestamp);
  }

  protected handle(input: 0 | 1, value: unknown, timestamp: Timestamp): void {
    const keyOf = this.#keySelectors[input];
    this.select(keyOf(value), timestamp);
    const returned: unknown =
      input === 0 ? this.#fn.onRecord1(value, this.function) : this.#fn.onRecord2(value, this.function);
    if (returned !== undefined) this.refuse(returned);
  }
}
