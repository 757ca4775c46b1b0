import { MillraceError } from "../../errors/millrace-error.ts";
import type { ReducingStateDescriptor, StateDescriptor, StateHandle } from "../../state/state.ts";
import type { Timestamp } from "../../time/timestamps.ts";
import type { OnMergeContext, Trigger, TriggerResult } from "../trigger.ts";
import { windowKey, type Window } from "../window.ts";

interface WindowEntry {
  readonly window: Window;
  readonly eventTimers: Set<Timestamp>;
  readonly processingTimers: Set<Timestamp>;
  readonly state: Map<string, unknown>;
}

/**
 * Drives a trigger as a window operator does, for one key: timers of both times, state for each window, merging. Windows exist
 * from their first record until `clear`.
 */
export class TriggerHarness<T> {
  watermark: Timestamp = -Infinity;
  processingTime: Timestamp = 0;
  readonly #trigger: Trigger<T>;
  readonly #windows = new Map<string, WindowEntry>();

  constructor(trigger: Trigger<T>) {
    this.#trigger = trigger;
  }

  record(value: T, timestamp: Timestamp, window: Window): TriggerResult {
    return this.#trigger.onRecord(value, timestamp, window, this.#context(this.#entry(window)));
  }

  /** Moves the watermark; answers what due timers made of their windows, in order of time. */
  advanceWatermark(watermark: Timestamp): readonly (readonly [Timestamp, Window, TriggerResult])[] {
    this.watermark = watermark;
    return this.#fire("eventTimers", watermark, (time, entry) =>
      this.#trigger.onEventTime(time, entry.window, this.#context(entry)),
    );
  }

  /** Moves processing time; answers what due timers made of their windows, in order of time. */
  advanceTime(time: Timestamp): readonly (readonly [Timestamp, Window, TriggerResult])[] {
    this.processingTime = time;
    return this.#fire("processingTimers", time, (at, entry) =>
      this.#trigger.onProcessingTime(at, entry.window, this.#context(entry)),
    );
  }

  /** Merges windows into one, which gets their states. */
  merge(from: readonly Window[], into: Window): void {
    const sources = from.map((window) => this.#entry(window));
    const target = this.#entry(into);
    const mergeState = (descriptor: StateDescriptor): void => {
      const name = descriptor.name!;
      const { reduce } = descriptor as ReducingStateDescriptor<unknown>;
      for (const { state } of sources) {
        if (!state.has(name)) continue;
        target.state.set(
          name,
          target.state.has(name) ? reduce(target.state.get(name), state.get(name)) : state.get(name),
        );
      }
    };
    this.#trigger.onMerge?.(into, { ...this.#context(target), mergeState });
    for (const window of from) this.clear(window);
  }

  clear(window: Window): void {
    this.#trigger.clear(window, this.#context(this.#entry(window)));
  }

  /** Whether anything is left of a window: a timer or state. */
  isClean(window: Window): boolean {
    const { eventTimers, processingTimers, state } = this.#entry(window);
    return eventTimers.size === 0 && processingTimers.size === 0 && state.size === 0;
  }

  #entry(window: Window): WindowEntry {
    const key = windowKey(window);
    let entry = this.#windows.get(key);
    if (entry === undefined) {
      entry = { window, eventTimers: new Set(), processingTimers: new Set(), state: new Map() };
      this.#windows.set(key, entry);
    }
    return entry;
  }

  #fire(
    timers: "eventTimers" | "processingTimers",
    until: Timestamp,
    call: (time: Timestamp, entry: WindowEntry) => TriggerResult,
  ): (readonly [Timestamp, Window, TriggerResult])[] {
    const fired: (readonly [Timestamp, Window, TriggerResult])[] = [];
    for (;;) {
      const due = [...this.#windows.values()]
        .flatMap((entry) => [...entry[timers]].map((time) => ({ time, entry })))
        .filter(({ time }) => time <= until)
        .sort((a, b) => a.time - b.time)[0];
      if (due === undefined) return fired;
      if (fired.length > 1000) throw new MillraceError("INTERNAL", "the trigger's timers never end");
      due.entry[timers].delete(due.time);
      fired.push([due.time, due.entry.window, call(due.time, due.entry)]);
    }
  }

  #context(entry: WindowEntry): OnMergeContext {
    return {
      currentWatermark: () => this.watermark,
      currentProcessingTime: () => this.processingTime,
      registerEventTimeTimer: (time) => void entry.eventTimers.add(time),
      registerProcessingTimeTimer: (time) => void entry.processingTimers.add(time),
      deleteEventTimeTimer: (time) => void entry.eventTimers.delete(time),
      deleteProcessingTimeTimer: (time) => void entry.processingTimers.delete(time),
      getState: <D extends StateDescriptor>(descriptor: D) =>
        handle(entry.state, descriptor) as StateHandle<D>,
      mergeState: () => {
        throw new MillraceError("STATE_MISUSE", "states are merged in onMerge only");
      },
    };
  }
}

/** Value and reducing states, which are all that the built-in triggers use. */
function handle(state: Map<string, unknown>, descriptor: StateDescriptor): unknown {
  const name = descriptor.name!;
  return {
    value: () => state.get(name),
    get: () => state.get(name),
    update: (value: unknown) => void state.set(name, value),
    add: (value: unknown) => {
      const { reduce } = descriptor as ReducingStateDescriptor<unknown>;
      state.set(name, state.has(name) ? reduce(state.get(name), value) : value);
    },
    clear: () => void state.delete(name),
  };
}
