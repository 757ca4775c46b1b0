import type { Sync } from "../../common/functions/functions.ts";
import type { OutputRecord, StateRecord } from "../../common/functions/process-functions.ts";
import type { WindowProcessContext } from "../../common/windows/window-functions.ts";
import type { Window } from "../../common/windows/window.ts";
import type { EmittingFunction } from "./process-definitions.ts";

/**
 * Sees all records of a window when it fires (or its one aggregate, after `reduce` and `aggregate`). Emits what it returns,
 * and by `context.collect` where `output` declares the type.
 *
 * @example
 * ```ts
 * stream.keyBy((f) => f.origin).window(TumblingEventTimeWindows.of(hours(1))).process({
 *   onWindow(flights, ctx) {
 *     return { airport: ctx.key, hour: ctx.window.start, delays: [...flights].map((f) => f.delay) };
 *   },
 * });
 * ```
 */
export interface ProcessWindowDefinition<
  K,
  W extends Window,
  T,
  D,
  R,
  S extends StateRecord,
  O extends OutputRecord,
> extends EmittingFunction<D, O> {
  /** States by name: `context.windowState` of this key and window, `context.globalState` of this key. */
  readonly state?: S;
  /** Called when the window fires. `records` may be walked more than once. */
  onWindow(records: Iterable<T>, context: WindowProcessContext<K, W, D, S, O>): Sync<R>;
  /** Called when the window is dropped: clear `windowState` here. */
  clear?(context: WindowProcessContext<K, W, D, S, O>): undefined | void;
}

/** Makes the record that a fired window emits: `(airport, window, result) => ({ airport, day: window.start, ...result })`. */
export type WindowResult<K, W extends Window, R, Out> = (key: K, window: W, result: R) => Sync<Out>;

/** Settings of a window's reduce. */
export interface WindowReduceOptions {
  /**
   * Whether the function is commutative and associative, so that sliding windows may share partial results, which
   * is much cheaper. Default false.
   */
  readonly mergeable?: boolean;
}
