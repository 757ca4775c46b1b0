import type { OutputTag } from "../../../common/outputs/output-tag.ts";
import type { Timestamp } from "../../../common/time/timestamps.ts";
import type { OperatorContext, Output } from "../operator.ts";

/** Emits to side outputs by their tags. The last one used is kept, so that no name is looked up for each record. */
export class SideOutputs {
  readonly #context: OperatorContext;
  #tag: OutputTag<never> | undefined;
  #output: Output<unknown> | undefined;

  constructor(context: OperatorContext) {
    this.#context = context;
  }

  /** Emits; does nothing where nobody reads the output. */
  record<T>(tag: OutputTag<T>, value: T, timestamp: Timestamp): void {
    if ((tag as unknown) !== this.#tag) {
      this.#tag = tag as unknown as OutputTag<never>;
      this.#output = this.#context.sideOutput(tag.id);
    }
    this.#output?.record(value, timestamp);
  }
}
