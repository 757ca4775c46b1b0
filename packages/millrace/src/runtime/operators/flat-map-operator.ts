import type { Collector } from "../../common/functions/functions.ts";
import { NO_TIMESTAMP, type Timestamp } from "../../common/time/timestamps.ts";
import type { FlatMapSpec } from "../../graph/stream/operator-spec.ts";
import { FunctionOperator } from "./function/function-operator.ts";
import type { OperatorContext } from "./operator.ts";

/**
 * Any number of records out for each record: those that the function collects, then those that it returns. All of them leave at
 * once: a single call of a user's function may overflow into the bounded spill behind.
 */
export class FlatMapOperator extends FunctionOperator {
  readonly #fn: FlatMapSpec["fn"];
  readonly #out: Collector<unknown>;
  #timestamp: Timestamp = NO_TIMESTAMP;

  constructor(spec: FlatMapSpec, context: OperatorContext) {
    super(context, spec.rich);
    this.#fn = spec.fn;
    const { output } = context;
    this.#out = { collect: (value) => output.record(value, this.#timestamp) };
  }

  processRecord(value: unknown, timestamp: Timestamp): void {
    const fn = this.#fn;
    this.#timestamp = timestamp;
    const results = fn(value, this.#out);
    if (results === undefined) return;
    this.refuse(results);
    const { output } = this.context;
    for (const result of results) output.record(result, timestamp);
  }
}
