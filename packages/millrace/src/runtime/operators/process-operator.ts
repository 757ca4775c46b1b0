import type { ProcessFunction } from "../../common/functions/process-functions.ts";
import type { Timestamp } from "../../common/time/timestamps.ts";
import type { ProcessSpec } from "../../graph/stream/operator-spec.ts";
import { FunctionOperator } from "./function/function-operator.ts";
import { OperatorProcessContext } from "./function/process-context.ts";
import type { OperatorContext } from "./operator.ts";

/** A process function without key: any number of records out, side outputs included. */
export class ProcessOperator extends FunctionOperator {
  readonly #fn: ProcessFunction<unknown, unknown>;
  readonly #function: OperatorProcessContext;

  constructor(spec: ProcessSpec, context: OperatorContext) {
    super(context, spec.fn);
    this.#fn = spec.fn;
    this.#function = new OperatorProcessContext(context, spec.fn.outputs);
  }

  processRecord(value: unknown, timestamp: Timestamp): void {
    this.#function.timestamp = timestamp;
    const returned: unknown = this.#fn.onRecord(value, this.#function);
    if (returned !== undefined) this.refuse(returned);
  }

  processWatermark(watermark: Timestamp): void {
    this.#function.watermark = watermark;
    this.context.output.watermark(watermark);
  }
}
