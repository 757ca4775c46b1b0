import type {
  OnTimerContext,
  OutputRecord,
  StateRecord,
} from "../../../common/functions/process-functions.ts";
import type { CheckpointedFunction, RichFunction } from "../../../common/functions/runtime-context.ts";
import { NO_TIMESTAMP, type Timestamp } from "../../../common/time/timestamps.ts";
import { refuseAsync } from "../../task/chain/refuse-async.ts";
import type { OperatorContext } from "../operator.ts";
import { TimedOperator } from "../timers/timed-operator.ts";
import { declaredStates, type OperatorKeyedContext } from "./keyed-process-context.ts";
import { UserFunction } from "./user-function.ts";

/** What all keyed process functions have. */
export interface KeyedFunction extends RichFunction, CheckpointedFunction {
  readonly state?: StateRecord;
  readonly outputs?: OutputRecord;
  // The context's type depends on the kind of function: method parameters are bivariant, so one operator serves them all.
  onTimer?(time: Timestamp, context: OnTimerContext<unknown, unknown, StateRecord, OutputRecord>): unknown;
}

/** What the operators of keyed process functions share: the function's life, its states, its timers. */
export abstract class KeyedFunctionOperator<
  C extends OperatorKeyedContext = OperatorKeyedContext,
> extends TimedOperator {
  protected readonly function: C;
  readonly #fn: KeyedFunction;
  readonly #life: UserFunction;
  readonly #where: string;

  constructor(context: OperatorContext, fn: KeyedFunction) {
    super(context);
    this.#fn = fn;
    this.#life = new UserFunction(fn, context);
    this.#where = `operator "${context.runtime.operatorName}"`;
    this.function = this.createContext(fn.outputs);
  }

  /** The context of the function's calls. Called from the constructor. */
  protected abstract createContext(outputs: OutputRecord | undefined): C;

  override initializeState(): void {
    super.initializeState();
    this.function.state = declaredStates(this.context.keyedState, this.#fn.state);
    this.#life.initializeState();
  }

  override open(): void {
    super.open();
    this.#life.open();
  }

  prepareSnapshot(checkpointId: number): void {
    this.#life.snapshotState(checkpointId);
  }

  notifyCheckpointComplete(checkpointId: number): void {
    this.#life.notifyCheckpointComplete(checkpointId);
  }

  override close(): void {
    super.close();
    this.#life.close();
  }

  /** Makes a record's key current. @throws INVALID_KEY */
  protected select(key: unknown, timestamp: Timestamp): void {
    this.context.keyedState.setCurrentKey(key);
    this.function.currentKey = key;
    this.function.timestamp = timestamp;
  }

  protected onTimer(domain: "event" | "processing", time: Timestamp, key: unknown): void {
    const { function: context } = this;
    context.currentKey = key;
    context.timeDomain = domain;
    // What a processing-time timer emits has no event time.
    context.timestamp = domain === "event" ? time : NO_TIMESTAMP;
    try {
      const returned: unknown = this.#fn.onTimer?.(time, context);
      if (returned !== undefined) this.refuse(returned);
    } catch (error) {
      this.context.poison(error, { timer: time, domain, key }, context.timestamp);
    }
  }

  /** Refuses the promise of a function that must be synchronous. @throws ASYNC_FUNCTION */
  protected refuse(returned: unknown): void {
    refuseAsync(returned, this.#where);
  }
}
