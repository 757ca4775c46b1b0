import type {
  BroadcastHandles,
  BroadcastProcessFunction,
  BroadcastRecord,
  OutputRecord,
  ReadonlyBroadcastHandles,
} from "../../common/functions/process-functions.ts";
import type { Timestamp } from "../../common/time/timestamps.ts";
import type { BroadcastProcessSpec } from "../../graph/stream/operator-spec.ts";
import { broadcastStates } from "./function/broadcast-states.ts";
import { FunctionOperator } from "./function/function-operator.ts";
import { OperatorProcessContext } from "./function/process-context.ts";
import type { OperatorContext } from "./operator.ts";

/** A process function on a stream (input 0) and a broadcast one (input 1). */
export class BroadcastProcessOperator extends FunctionOperator {
  readonly #fn: BroadcastProcessFunction<unknown, unknown, unknown, BroadcastRecord, OutputRecord>;
  readonly #states: BroadcastRecord;
  readonly #record: BroadcastContext<ReadonlyBroadcastHandles<BroadcastRecord>>;
  readonly #broadcast: BroadcastContext<BroadcastHandles<BroadcastRecord>>;

  constructor(spec: BroadcastProcessSpec, context: OperatorContext) {
    super(context, spec.fn);
    this.#fn = spec.fn;
    this.#states = spec.broadcast;
    this.#record = new BroadcastContext(context, spec.fn.outputs);
    this.#broadcast = new BroadcastContext(context, spec.fn.outputs);
  }

  override initializeState(): void {
    const { writable, readonly } = broadcastStates(this.context.operatorState, this.#states);
    this.#record.broadcast = readonly;
    this.#broadcast.broadcast = writable;
    super.initializeState();
  }

  processRecord(value: unknown, timestamp: Timestamp): void {
    this.#record.timestamp = timestamp;
    const returned: unknown = this.#fn.onRecord(value, this.#record);
    if (returned !== undefined) this.refuse(returned);
  }

  processRecord2(value: unknown, timestamp: Timestamp): void {
    this.#broadcast.timestamp = timestamp;
    const returned: unknown = this.#fn.onBroadcast(value, this.#broadcast);
    if (returned !== undefined) this.refuse(returned);
  }

  processWatermark(watermark: Timestamp): void {
    this.#record.watermark = watermark;
    this.#broadcast.watermark = watermark;
    this.context.output.watermark(watermark);
  }
}

class BroadcastContext<B extends object> extends OperatorProcessContext {
  broadcast = {} as B;
}
