import type { StateDescriptor, StateHandle } from "../../../common/state/state.ts";
import type { Timestamp } from "../../../common/time/timestamps.ts";
import type { OnMergeContext } from "../../../common/windows/trigger.ts";
import type { KeyedStateStore, NamespacedState } from "../../state/keyed-state.ts";
import type { InternalTimerService } from "../../state/timers.ts";
import { stateName } from "./state-name.ts";
import type { WatermarkProgress } from "./watermark-progress.ts";

/** What a trigger sees: timers and state of the current key and the selected window. One object for all calls. */
export class WindowTriggerContext implements OnMergeContext {
  readonly #store: KeyedStateStore;
  readonly #timers: InternalTimerService;
  readonly #progress: WatermarkProgress;
  /** Triggers give the same descriptors again and again: found by them, without making names. */
  readonly #states = new Map<StateDescriptor, NamespacedState<StateDescriptor>>();
  #namespace = "";
  #merged: readonly string[] = [];

  constructor(store: KeyedStateStore, timers: InternalTimerService, progress: WatermarkProgress) {
    this.#store = store;
    this.#timers = timers;
    this.#progress = progress;
  }

  /** Selects the window that calls refer to. */
  select(namespace: string): this {
    this.#namespace = namespace;
    return this;
  }

  /** Selects the window that came out of others, for `onMerge`. */
  selectMerged(namespace: string, merged: readonly string[]): this {
    this.#merged = merged;
    return this.select(namespace);
  }

  currentWatermark(): Timestamp {
    return this.#progress.of(this.#store.currentKey());
  }

  currentProcessingTime(): Timestamp {
    return this.#timers.currentProcessingTime();
  }

  registerEventTimeTimer(time: Timestamp): void {
    this.#timers.registerEventTimeTimer(this.#namespace, time);
  }

  registerProcessingTimeTimer(time: Timestamp): void {
    this.#timers.registerProcessingTimeTimer(this.#namespace, time);
  }

  deleteEventTimeTimer(time: Timestamp): void {
    this.#timers.deleteEventTimeTimer(this.#namespace, time);
  }

  deleteProcessingTimeTimer(time: Timestamp): void {
    this.#timers.deleteProcessingTimeTimer(this.#namespace, time);
  }

  getState<D extends StateDescriptor>(descriptor: D): StateHandle<D> {
    return this.#namespaced(descriptor).in(this.#namespace) as StateHandle<D>;
  }

  mergeState(descriptor: StateDescriptor): void {
    this.#namespaced(descriptor).merge(this.#namespace, this.#merged);
  }

  #namespaced(descriptor: StateDescriptor): NamespacedState<StateDescriptor> {
    let state = this.#states.get(descriptor);
    if (state === undefined) {
      state = this.#store.getNamespacedState(`trigger.${stateName(descriptor)}`, descriptor);
      this.#states.set(descriptor, state);
    }
    return state;
  }
}
