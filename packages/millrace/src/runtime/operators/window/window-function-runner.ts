import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { OutputRecord, StateHandles, StateRecord } from "../../../common/functions/process-functions.ts";
import type { RuntimeContext } from "../../../common/functions/runtime-context.ts";
import type { OutputTag } from "../../../common/outputs/output-tag.ts";
import type { StateDescriptor } from "../../../common/state/state.ts";
import { NO_TIMESTAMP, type Timestamp } from "../../../common/time/timestamps.ts";
import type {
  ProcessWindowFunction,
  WindowProcessContext,
} from "../../../common/windows/window-functions.ts";
import { GLOBAL_WINDOW, windowKey, type Window } from "../../../common/windows/window.ts";
import type { NamespacedState } from "../../state/keyed-state.ts";
import type { OperatorContext } from "../operator.ts";
import { refuseAsync } from "../../task/chain/refuse-async.ts";
import { SideOutputs } from "../function/side-outputs.ts";
import { UserFunction } from "../function/user-function.ts";

/** What a window operator knows that its process function's context needs. */
export interface WindowFunctionSettings {
  /** Whether windows merge: they have no state of their own then. */
  readonly merging: boolean;
  /** The operator's watermark, as far as the key is concerned. */
  currentWatermark(key: unknown): Timestamp;
}

/** Runs a window process function: its life, its states, and the context that it sees. The key must be current. */
export class WindowFunctionRunner {
  // `any` window and states: the API's types tie them to the assigner and the function's declarations.
  readonly #fn: ProcessWindowFunction<unknown, any, unknown, unknown, StateRecord, OutputRecord>;
  readonly #life: UserFunction;
  readonly #where: string;
  readonly #operator: OperatorContext;
  readonly #context: RunnerContext;
  /** Selects the window in each of the function's window states. */
  readonly #windowStates: NamespacedState<StateDescriptor>[] = [];
  readonly #settings: WindowFunctionSettings;
  #selected: Window | undefined;

  constructor(
    fn: ProcessWindowFunction<unknown, any, unknown, unknown, any, any>,
    operator: OperatorContext,
    settings: WindowFunctionSettings,
  ) {
    this.#fn = fn;
    this.#life = new UserFunction(fn, operator);
    this.#where = `operator "${operator.runtime.operatorName}"`;
    this.#operator = operator;
    this.#settings = settings;
    this.#context = new RunnerContext(operator, settings, fn.outputs ?? {});
  }

  initializeState(): void {
    const { keyedState } = this.#operator;
    const declared = Object.entries(this.#fn.state ?? {});
    this.#context.globalState = Object.fromEntries(
      declared.map(([field, descriptor]) => [field, keyedState.getState(`global.${field}`, descriptor)]),
    );
    if (!this.#settings.merging) this.#context.windowState = this.#openWindowStates(declared);
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

  onWindow(key: unknown, window: Window, timestamp: Timestamp, records: Iterable<unknown>): void {
    this.#select(key, window, timestamp);
    const returned: unknown = this.#fn.onWindow(records, this.#context);
    if (returned !== undefined) refuseAsync(returned, this.#where);
  }

  clear(key: unknown, window: Window, timestamp: Timestamp): void {
    if (this.#fn.clear === undefined) return;
    this.#select(key, window, timestamp);
    const returned: unknown = this.#fn.clear(this.#context);
    if (returned !== undefined) refuseAsync(returned, this.#where);
  }

  close(): void {
    this.#life.close();
  }

  #openWindowStates(declared: readonly [string, StateDescriptor][]): StateHandles<StateRecord> {
    const handles = declared.map(([field, descriptor]) => {
      const state = this.#operator.keyedState.getNamespacedState(`window.${field}`, descriptor);
      this.#windowStates.push(state);
      return [field, state.in(windowKey(GLOBAL_WINDOW))];
    });
    return Object.fromEntries(handles) as StateHandles<StateRecord>;
  }

  #select(key: unknown, window: Window, timestamp: Timestamp): void {
    const context = this.#context;
    context.key = key;
    context.window = window;
    context.timestamp = timestamp;
    if (this.#windowStates.length === 0 || this.#selected === window) return;
    const namespace = windowKey(window);
    for (const state of this.#windowStates) state.in(namespace);
    this.#selected = window;
  }
}

class RunnerContext implements WindowProcessContext<unknown, Window, unknown, StateRecord, OutputRecord> {
  key: unknown = undefined;
  window: Window = GLOBAL_WINDOW;
  timestamp: Timestamp = NO_TIMESTAMP;
  globalState: StateHandles<StateRecord> = {};
  readonly outputs: OutputRecord;
  readonly runtime: RuntimeContext;
  readonly #operator: OperatorContext;
  readonly #settings: WindowFunctionSettings;
  readonly #sideOutputs: SideOutputs;
  #windowState: StateHandles<StateRecord> | undefined;

  constructor(operator: OperatorContext, settings: WindowFunctionSettings, outputs: OutputRecord) {
    this.#operator = operator;
    this.#sideOutputs = new SideOutputs(operator);
    this.#settings = settings;
    this.runtime = operator.runtime;
    this.outputs = outputs;
  }

  get windowState(): StateHandles<StateRecord> {
    if (this.#windowState !== undefined) return this.#windowState;
    throw new MillraceError("STATE_MISUSE", "windows that merge, such as sessions, have no windowState", {
      help: "Use globalState, which belongs to the key over all its windows.",
    });
  }

  set windowState(states: StateHandles<StateRecord>) {
    this.#windowState = states;
  }

  currentWatermark(): Timestamp {
    return this.#settings.currentWatermark(this.key);
  }

  now(): Timestamp {
    return this.#operator.clock.now();
  }

  collect(value: unknown): void {
    this.#operator.output.record(value, this.timestamp);
  }

  output<T>(tag: OutputTag<T>, value: T): void {
    this.#sideOutputs.record(tag, value, this.timestamp);
  }
}
