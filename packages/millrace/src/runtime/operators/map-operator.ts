import type { Timestamp } from "../../common/time/timestamps.ts";
import type { MapSpec } from "../../graph/stream/operator-spec.ts";
import { FunctionOperator } from "./function/function-operator.ts";
import type { OperatorContext } from "./operator.ts";

/** One record out for each record. Compiled chains inline the function and keep this for its life only. */
export class MapOperator extends FunctionOperator {
  readonly #fn: MapSpec["fn"];
  #checked = false;

  constructor(spec: MapSpec, context: OperatorContext) {
    super(context, spec.rich);
    this.#fn = spec.fn;
  }

  processRecord(value: unknown, timestamp: Timestamp): void {
    const fn = this.#fn;
    const result = fn(value);
    if (!this.#checked) {
      this.refuse(result);
      this.#checked = true;
    }
    this.context.output.record(result, timestamp);
  }
}
