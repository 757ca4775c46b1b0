import type { KeySelector } from "../../common/functions/functions.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import type {
  BroadcastHandles,
  BroadcastRecord,
  KeyedBroadcastProcessFunction,
  OutputRecord,
  ReadonlyBroadcastHandles,
  StateHandles,
  StateRecord,
} from "../../common/functions/process-functions.ts";
import type { StateDescriptor, StateHandle } from "../../common/state/state.ts";
import type { Timestamp } from "../../common/time/timestamps.ts";
import type { KeyedBroadcastProcessSpec } from "../../graph/stream/operator-spec.ts";
import { broadcastStates } from "./function/broadcast-states.ts";
import { KeyedFunctionOperator } from "./function/keyed-function-operator.ts";
import { OperatorKeyedContext } from "./function/keyed-process-context.ts";
import { OperatorProcessContext } from "./function/process-context.ts";
import type { OperatorContext } from "./operator.ts";

/** A process function on a keyed stream (input 0) and a broadcast one (input 1). */
export class KeyedBroadcastProcessOperator extends KeyedFunctionOperator<KeyedBroadcastContext> {
  readonly #fn: KeyedBroadcastProcessFunction<
    unknown,
    unknown,
    unknown,
    unknown,
    BroadcastRecord,
    StateRecord,
    OutputRecord
  >;
  readonly #keyOf: KeySelector<unknown, unknown>;
  readonly #states: BroadcastRecord;
  readonly #broadcast: OnBroadcastContext;

  constructor(spec: KeyedBroadcastProcessSpec, context: OperatorContext) {
    super(context, spec.fn);
    this.#fn = spec.fn;
    this.#keyOf = spec.keySelector;
    this.#states = spec.broadcast;
    this.#broadcast = new OnBroadcastContext(context, spec.fn.outputs, () => this.function.state);
  }

  protected createContext(outputs: OutputRecord | undefined): KeyedBroadcastContext {
    return new KeyedBroadcastContext(this.context, outputs, this.timers, this.progress);
  }

  override initializeState(): void {
    const { writable, readonly } = broadcastStates(this.context.operatorState, this.#states);
    this.function.broadcast = readonly;
    this.#broadcast.broadcast = writable;
    super.initializeState();
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
    const returned = input === 0 ? this.#onRecord(value, timestamp) : this.#onBroadcast(value, timestamp);
    if (returned !== undefined) this.refuse(returned);
  }

  #onRecord(value: unknown, timestamp: Timestamp): unknown {
    const keyOf = this.#keyOf;
    this.select(keyOf(value), timestamp);
    return this.#fn.onRecord(value, this.function);
  }

  #onBroadcast(value: unknown, timestamp: Timestamp): unknown {
    // A broadcast record has no key: what the function does with keyed state it does in forEachKey.
    this.context.keyedState.clearCurrentKey();
    this.#broadcast.timestamp = timestamp;
    this.#broadcast.watermark = this.progress.current;
    return this.#fn.onBroadcast(value, this.#broadcast);
  }
}

class KeyedBroadcastContext extends OperatorKeyedContext {
  broadcast: ReadonlyBroadcastHandles<BroadcastRecord> = {};
}

/** What `onBroadcast` sees: no key, but a walk over all keys. */
class OnBroadcastContext extends OperatorProcessContext {
  broadcast: BroadcastHandles<BroadcastRecord> = {};
  readonly #context: OperatorContext;
  readonly #states: () => StateHandles<StateRecord>;

  constructor(
    context: OperatorContext,
    outputs: OutputRecord | undefined,
    states: () => StateHandles<StateRecord>,
  ) {
    super(context, outputs);
    this.#context = context;
    this.#states = states;
  }

  forEachKey(name: string, visit: (key: unknown, state: StateHandle<StateDescriptor>) => void): void {
    const state = this.#states()[name] as StateHandle<StateDescriptor> | undefined;
    if (state === undefined) {
      throw new MillraceError(
        "STATE_MISUSE",
        `operator "${this.runtime.operatorName}" declares no state "${name}"`,
      );
    }
    this.#context.keyedState.forEachKey(name, (key) => visit(key, state));
  }
}
