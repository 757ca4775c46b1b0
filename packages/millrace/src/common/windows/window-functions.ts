import type {
  BaseProcessContext,
  OutputRecord,
  StateHandles,
  StateRecord,
} from "../functions/process-functions.ts";
import type { CheckpointedFunction, RichFunction } from "../functions/runtime-context.ts";
import type { Window } from "./window.ts";

/** Makes the record that a fired window emits from its aggregate. */
export type WindowResultFunction<K, W extends Window, R, Out> = (key: K, window: W, result: R) => Out;

/** Context of a window process function. */
export interface WindowProcessContext<
  K,
  W extends Window,
  Out,
  S extends StateRecord = {},
  O extends OutputRecord = {},
> extends BaseProcessContext<Out> {
  readonly key: K;
  readonly window: W;
  /** State of this key and this window: cleared in `clear`. */
  readonly windowState: StateHandles<S>;
  /** State of this key over all windows. */
  readonly globalState: StateHandles<S>;
  readonly outputs: O;
}

/** Sees all of a window's input (or its one aggregate, when combined with reduce or aggregate). */
export interface ProcessWindowFunction<
  K,
  W extends Window,
  In,
  Out,
  S extends StateRecord = {},
  O extends OutputRecord = {},
>
  extends RichFunction, CheckpointedFunction {
  readonly state?: S;
  readonly outputs?: O;
  onWindow(records: Iterable<In>, context: WindowProcessContext<K, W, Out, S, O>): undefined | void;
  /** Called when the window's state is dropped: clear `windowState` here. */
  clear?(context: WindowProcessContext<K, W, Out, S, O>): undefined | void;
}
