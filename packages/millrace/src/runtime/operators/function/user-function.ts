import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type {
  CheckpointedFunction,
  FunctionInitializationContext,
  RichFunction,
} from "../../../common/functions/runtime-context.ts";
import type { OperatorContext } from "../operator.ts";

/** The life of a user's function: restored, opened, asked for its state at barriers, closed once. */
export class UserFunction {
  readonly #fn: RichFunction & CheckpointedFunction;
  readonly #context: OperatorContext;
  #opened = false;

  /** @param fn undefined where the operator has a bare function */
  constructor(fn: (RichFunction & CheckpointedFunction) | undefined, context: OperatorContext) {
    this.#fn = fn ?? {};
    this.#context = context;
  }

  initializeState(): void {
    if (this.#fn.initializeState === undefined) return;
    const { operatorState, runtime } = this.#context;
    const name = (descriptor: { readonly name?: string }): string => nameOf(descriptor, runtime.operatorName);
    const context: FunctionInitializationContext = {
      isRestored: operatorState.isRestored,
      getListState: (descriptor) => operatorState.getListState(name(descriptor), descriptor),
      getUnionListState: (descriptor) => operatorState.getUnionListState(name(descriptor), descriptor),
      getBroadcastState: (descriptor) => operatorState.getBroadcastState(name(descriptor), descriptor),
    };
    this.#fn.initializeState(context);
  }

  open(): void {
    this.#opened = true;
    this.#fn.open?.(this.#context.runtime);
  }

  snapshotState(checkpointId: number): void {
    this.#fn.snapshotState?.(checkpointId);
  }

  notifyCheckpointComplete(checkpointId: number): void {
    this.#fn.notifyCheckpointComplete?.(checkpointId);
  }

  /** Closes what was opened, even if opening threw. */
  close(): void {
    if (!this.#opened) return;
    this.#opened = false;
    this.#fn.close?.();
  }
}

function nameOf(descriptor: { readonly name?: string }, operator: string): string {
  if (descriptor.name !== undefined) return descriptor.name;
  throw new MillraceError("STATE_MISUSE", `an operator state of operator "${operator}" has no name`, {
    help: 'Give it one: listState(Types.int, { name: "buffer" }).',
  });
}
