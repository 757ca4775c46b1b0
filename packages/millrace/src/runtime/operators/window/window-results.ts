import { unreachable } from "../../../common/errors/unreachable.ts";
import type { Timestamp } from "../../../common/time/timestamps.ts";
import type { WindowResultFunction } from "../../../common/windows/window-functions.ts";
import type { Window } from "../../../common/windows/window.ts";
import type { WindowContents, WindowOutput } from "../../../graph/stream/operator-spec.ts";
import type { OperatorContext } from "../operator.ts";
import { refuseAsync } from "../../task/chain/refuse-async.ts";
import { WindowFunctionRunner, type WindowFunctionSettings } from "./window-function-runner.ts";

/**
 * What a fired window emits for a key, by the kind of its output. Timestamps of what is emitted: the window's last one.
 *
 * `emit` is for the record at hand: what user functions throw reaches the caller, and so the task with that record. `fire` is
 * for timers and watermarks: it hands errors to the poison policy with key and window, and returns when that lets it.
 */
export interface WindowResults {
  initializeState(): void;
  open(): void;
  prepareSnapshot(checkpointId: number): void;
  notifyCheckpointComplete(checkpointId: number): void;
  /** Whether user functions use keyed state: the caller makes the key current before all three calls. */
  readonly needsKey: boolean;
  /** `contents`: the fold's result, undefined for nothing. */
  emit(key: unknown, window: Window, timestamp: Timestamp, contents: unknown): void;
  /** Takes the result from `source`, which is user code, too. `shared`: the accumulator stays in use. */
  fire(
    key: unknown,
    window: Window,
    timestamp: Timestamp,
    source: ResultSource,
    accumulator: unknown,
    shared: boolean,
  ): void;
  /** Whether `clear` does something. */
  readonly clears: boolean;
  /** A window is dropped for a key: lets the user's function clear what it kept. Errors as in `fire`. */
  clear(key: unknown, window: Window, timestamp: Timestamp): void;
  close(): void;
}

/** Makes what is emitted, or given to the window's function, of what was gathered: see `WindowFold.result`. */
export interface ResultSource {
  result(accumulator: unknown, shared: boolean): unknown;
}

/** Makes the results of a window's contents. */
export function windowResults(
  contents: WindowContents,
  context: OperatorContext,
  settings: WindowFunctionSettings,
): WindowResults {
  if (contents.kind === "process") return new ProcessResults(contents.fn, context, settings, false);
  const output: WindowOutput = contents.output;
  switch (output.kind) {
    case "bare":
      return new BareResults(context);
    case "result":
      return new FunctionResults(output.fn, context);
    case "process":
      return new ProcessResults(output.fn, context, settings, true);
    default:
      return unreachable(output, "window output");
  }
}

/** The aggregate as it is. */
class BareResults implements WindowResults {
  readonly needsKey = false;
  readonly clears = false;
  readonly #context: OperatorContext;

  constructor(context: OperatorContext) {
    this.#context = context;
  }

  initializeState(): void {}

  open(): void {}

  prepareSnapshot(): void {}
  notifyCheckpointComplete(): void {}

  emit(_key: unknown, _window: Window, timestamp: Timestamp, contents: unknown): void {
    if (contents !== undefined) this.#context.output.record(contents, timestamp);
  }

  fire(
    key: unknown,
    window: Window,
    timestamp: Timestamp,
    source: ResultSource,
    accumulator: unknown,
    shared: boolean,
  ): void {
    let result: unknown;
    try {
      result = source.result(accumulator, shared);
    } catch (error) {
      this.#context.poison(error, { key, window }, timestamp);
      return;
    }
    if (result !== undefined) this.#context.output.record(result, timestamp);
  }

  clear(): void {}

  close(): void {}
}

/** The record that a function makes of key, window and aggregate. */
class FunctionResults implements WindowResults {
  readonly needsKey = false;
  readonly clears = false;
  // `any` window: whatever the assigner makes; the API's types tie the two.
  readonly #fn: WindowResultFunction<unknown, any, unknown, unknown>;
  readonly #context: OperatorContext;
  readonly #where: string;
  #tried = false;

  constructor(fn: WindowResultFunction<unknown, any, unknown, unknown>, context: OperatorContext) {
    this.#fn = fn;
    this.#context = context;
    this.#where = `operator "${context.runtime.operatorName}"`;
  }

  initializeState(): void {}

  open(): void {}

  prepareSnapshot(): void {}
  notifyCheckpointComplete(): void {}

  emit(key: unknown, window: Window, timestamp: Timestamp, contents: unknown): void {
    if (contents === undefined) return;
    this.#context.output.record(this.#call(key, window, contents), timestamp);
  }

  fire(
    key: unknown,
    window: Window,
    timestamp: Timestamp,
    source: ResultSource,
    accumulator: unknown,
    shared: boolean,
  ): void {
    let result: unknown;
    try {
      const contents = source.result(accumulator, shared);
      if (contents === undefined) return;
      result = this.#call(key, window, contents);
    } catch (error) {
      this.#context.poison(error, { key, window }, timestamp);
      return;
    }
    this.#context.output.record(result, timestamp);
  }

  clear(): void {}

  close(): void {}

  #call(key: unknown, window: Window, contents: unknown): unknown {
    const result = this.#fn(key, window, contents);
    if (!this.#tried) {
      refuseAsync(result, this.#where);
      this.#tried = true;
    }
    return result;
  }
}

/** Whatever a process function emits. */
class ProcessResults implements WindowResults {
  readonly needsKey = true;
  readonly clears: boolean;
  readonly #runner: WindowFunctionRunner;
  readonly #context: OperatorContext;
  /** Whether the contents are one aggregate, which the function gets as its only element. */
  readonly #single: boolean;

  constructor(
    fn: ConstructorParameters<typeof WindowFunctionRunner>[0],
    context: OperatorContext,
    settings: WindowFunctionSettings,
    single: boolean,
  ) {
    this.#runner = new WindowFunctionRunner(fn, context, settings);
    this.#context = context;
    this.#single = single;
    this.clears = fn.clear !== undefined;
  }

  initializeState(): void {
    this.#runner.initializeState();
  }

  open(): void {
    this.#runner.open();
  }

  prepareSnapshot(checkpointId: number): void {
    this.#runner.prepareSnapshot(checkpointId);
  }

  notifyCheckpointComplete(checkpointId: number): void {
    this.#runner.notifyCheckpointComplete(checkpointId);
  }

  emit(key: unknown, window: Window, timestamp: Timestamp, contents: unknown): void {
    if (contents === undefined) return;
    this.#runner.onWindow(
      key,
      window,
      timestamp,
      this.#single ? [contents] : (contents as Iterable<unknown>),
    );
  }

  fire(
    key: unknown,
    window: Window,
    timestamp: Timestamp,
    source: ResultSource,
    accumulator: unknown,
    shared: boolean,
  ): void {
    try {
      this.emit(key, window, timestamp, source.result(accumulator, shared));
    } catch (error) {
      this.#context.poison(error, { key, window }, timestamp);
    }
  }

  clear(key: unknown, window: Window, timestamp: Timestamp): void {
    try {
      this.#runner.clear(key, window, timestamp);
    } catch (error) {
      this.#context.poison(error, { key, window }, timestamp);
    }
  }

  close(): void {
    this.#runner.close();
  }
}
