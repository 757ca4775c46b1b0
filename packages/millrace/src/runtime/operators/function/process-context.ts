import type { OutputRecord, ProcessContext } from "../../../common/functions/process-functions.ts";
import type { RuntimeContext } from "../../../common/functions/runtime-context.ts";
import type { OutputTag } from "../../../common/outputs/output-tag.ts";
import { MIN_WATERMARK, NO_TIMESTAMP, type Timestamp } from "../../../common/time/timestamps.ts";
import type { OperatorContext, Output } from "../operator.ts";
import { SideOutputs } from "./side-outputs.ts";

/** What process functions see. One object for all records: its operator sets the fields before each call. */
export class OperatorProcessContext implements ProcessContext<unknown, OutputRecord> {
  timestamp: Timestamp = NO_TIMESTAMP;
  /** The operator's watermark. */
  watermark: Timestamp = MIN_WATERMARK;
  readonly outputs: OutputRecord;
  readonly runtime: RuntimeContext;
  readonly #output: Output<unknown>;
  readonly #sideOutputs: SideOutputs;

  constructor(context: OperatorContext, outputs: OutputRecord | undefined) {
    this.outputs = outputs ?? {};
    this.runtime = context.runtime;
    this.#output = context.output;
    this.#sideOutputs = new SideOutputs(context);
  }

  currentWatermark(): Timestamp {
    return this.watermark;
  }

  now(): Timestamp {
    return this.runtime.now();
  }

  collect(value: unknown): void {
    this.#output.record(value, this.timestamp);
  }

  output<T>(tag: OutputTag<T>, value: T): void {
    this.#sideOutputs.record(tag, value, this.timestamp);
  }
}
