import type { CheckpointedFunction, RichFunction } from "../../../common/functions/runtime-context.ts";
import { refuseAsync } from "../../task/chain/refuse-async.ts";
import type { Operator, OperatorContext } from "../operator.ts";
import { UserFunction } from "./user-function.ts";

/** What operators with a user's function and no timers share: the function's life. */
export abstract class FunctionOperator implements Operator {
  protected readonly context: OperatorContext;
  readonly #life: UserFunction;
  readonly #where: string;

  constructor(context: OperatorContext, fn: (RichFunction & CheckpointedFunction) | undefined) {
    this.context = context;
    this.#life = new UserFunction(fn, context);
    this.#where = `operator "${context.runtime.operatorName}"`;
  }

  abstract processRecord(value: unknown, timestamp: number): void;

  initializeState(): void {
    this.#life.initializeState();
  }

  open(): void {
    this.#life.open();
  }

  prepareSnapshot(checkpointId: number): void {
    this.#life.snapshotState(checkpointId);
  }

  notifyCheckpointComplete(checkpointId: number): void {
    this.#life.notifyCheckpointComplete(checkpointId);
  }

  close(): void {
    this.#life.close();
  }

  /** Refuses the promise of a function that must be synchronous. @throws ASYNC_FUNCTION */
  protected refuse(returned: unknown): void {
    refuseAsync(returned, this.#where);
  }
}
