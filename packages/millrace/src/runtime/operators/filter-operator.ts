import type { Timestamp } from "../../common/time/timestamps.ts";
import type { FilterSpec } from "../../graph/stream/operator-spec.ts";
import { FunctionOperator } from "./function/function-operator.ts";
import type { OperatorContext } from "./operator.ts";

/** Keeps the records that its function answers true for. Compiled chains inline the function. */
export class FilterOperator extends FunctionOperator {
  readonly #fn: FilterSpec["fn"];

  constructor(spec: FilterSpec, context: OperatorContext) {
    super(context, spec.rich);
    this.#fn = spec.fn;
  }

  processRecord(value: unknown, timestamp: Timestamp): void {
    const fn = this.#fn;
    const keep: unknown = fn(value);
    if (keep === true) {
      this.context.output.record(value, timestamp);
    } else if (keep !== false) {
      // A promise would let every record pass.
      this.refuse(keep);
      if (keep) this.context.output.record(value, timestamp);
    }
  }
}
