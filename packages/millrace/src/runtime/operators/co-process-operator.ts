import type { CoProcessFunction } from "../../common/functions/process-functions.ts";
import type { Timestamp } from "../../common/time/timestamps.ts";
import type { CoProcessSpec } from "../../graph/stream/operator-spec.ts";
import { FunctionOperator } from "./function/function-operator.ts";
import { OperatorProcessContext } from "./function/process-context.ts";
import type { OperatorContext } from "./operator.ts";

/** A process function on two streams without key. */
export class CoProcessOperator extends FunctionOperator {
  readonly #fn: CoProcessFunction<unknown, unknown, unknown>;
  readonly #function: OperatorProcessContext;

  constructor(spec: CoProcessSpec, context: OperatorContext) {
    super(context, spec.fn);
    this.#fn = spec.fn;
    this.#function = new OperatorProcessContext(context, spec.fn.outputs);
  }

  processRecord(value: unknown, timestamp: Timestamp): void {
    this.#function.timestamp = timestamp;
    const returned: unknown = this.#fn.onRecord1(value, this.#function);
    if (returned !== undefined) this.refuse(returned);
  }

  processRecord2(value: unknown, timestamp: Timestamp): void {
    this.#function.timestamp = timestamp;
    const returned: unknown = this.#fn.onRecord2(value, this.#function);
    if (returned !== undefined) this.refuse(returned);
  }

  processWatermark(watermark: Timestamp): void {
    this.#function.watermark = watermark;
    this.context.output.watermark(watermark);
  }
}
