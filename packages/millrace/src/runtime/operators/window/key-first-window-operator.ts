import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { Duration } from "../../../common/time/durations.ts";
import type { Timestamp } from "../../../common/time/timestamps.ts";
import type { Trigger, TriggerResult } from "../../../common/windows/trigger.ts";
import type { WindowAssigner } from "../../../common/windows/window-assigner.ts";
import { maxTimestamp, resultTimestamp, windowKey, type Window } from "../../../common/windows/window.ts";
import type { WindowSpec } from "../../../graph/stream/operator-spec.ts";
import { valueState } from "../../../common/state/descriptors.ts";
import { Types } from "../../../common/types/types.ts";
import type { InternalTimerService } from "../../state/timers.ts";
import type { OperatorContext } from "../operator.ts";
import { foldOptions } from "./fold-options.ts";
import { MergingWindows } from "./merging-windows.ts";
import { isMerging } from "./merging-shapes.ts";
import { WindowNames, windowOfKey } from "./window-names.ts";
import { WindowOperatorBase } from "./window-operator-base.ts";
import { windowResults, type WindowResults } from "./window-results.ts";
import { windowState } from "./create-window-state.ts";
import type { WindowState } from "./window-state.ts";
import { WindowTriggerContext } from "./window-trigger-context.ts";

const MERGING_WINDOWS = valueState(Types.array(Types.double));

/**
 * Windows of any kind: every assigner, trigger and evictor, windows that merge, global windows, both kinds of time. State and
 * timers stand under key and window, one timer for each trigger's wish and one for clean-up.
 */
export class KeyFirstWindowOperator extends WindowOperatorBase {
  protected readonly results: WindowResults;
  readonly #assigner: WindowAssigner<unknown>;
  readonly #trigger: Trigger<unknown>;
  readonly #lateness: Duration;
  readonly #eventTime: boolean;
  readonly #timers: InternalTimerService;
  readonly #contents: WindowState;
  /** Where windows merge. */
  readonly #merging: MergingWindows | undefined;
  readonly #triggerContext: WindowTriggerContext;
  readonly #names = new WindowNames();

  constructor(spec: WindowSpec, context: OperatorContext) {
    super(spec, context);
    const { keyedState, clock } = context;
    this.#assigner = spec.assigner;
    this.#trigger = spec.trigger ?? spec.assigner.defaultTrigger();
    this.#lateness = spec.allowedLateness;
    this.#eventTime = spec.assigner.timeDomain === "event";
    this.#timers = keyedState.getTimerService("windows", {
      onEventTime: (time, key, namespace) => this.#onTimer("event", time, key, namespace),
      onProcessingTime: (time, key, namespace) => this.#onTimer("processing", time, key, namespace),
    });
    this.#timers.onEarlierProcessingTime = (time) => this.wakeAfter(time);
    const evictorContext = {
      currentWatermark: () => this.progress.of(keyedState.currentKey()),
      currentProcessingTime: () => clock.now(),
    };
    this.#contents = windowState(spec, keyedState, evictorContext, foldOptions(context));
    const merging = isMerging(spec.assigner.shape);
    this.#merging = merging
      ? new MergingWindows(keyedState.getState("merging-windows", MERGING_WINDOWS))
      : undefined;
    this.#triggerContext = new WindowTriggerContext(keyedState, this.#timers, this.progress);
    this.results = windowResults(spec.contents, context, {
      merging,
      currentWatermark: (key) => this.progress.of(key),
    });
  }

  override open(): void {
    super.open();
    this.wakeAfter(this.#timers.nextProcessingTime);
  }

  processRecord(value: unknown, timestamp: Timestamp): void {
    if (this.busy) this.park(0, value, timestamp);
    else this.handle(0, value, timestamp);
  }

  protected handle(_input: 0 | 1, value: unknown, timestamp: Timestamp): void {
    const key = this.keyOf(value);
    this.context.keyedState.setCurrentKey(key);
    // Unlike aligned windows, sessions and dynamic gaps need the time of each record.
    const time = this.#eventTime ? timestamp : this.context.clock.now();
    const watermark = this.progress.of(key);
    let taken = false;
    for (const assigned of this.#assigner.assignWindows(value, time)) {
      const place =
        this.#merging === undefined ? placeOf(assigned) : this.#merge(this.#merging, assigned, watermark);
      if (this.#isOver(place.window, watermark)) continue;
      taken = true;
      this.#addTo(place, key, value, timestamp);
    }
    if (!taken && this.#eventTime && timestamp + this.#lateness <= watermark) this.late(value, timestamp);
  }

  protected fireEventTime(watermark: Timestamp): boolean {
    return this.#timers.advanceWatermark(watermark, this.context.flow);
  }

  protected fireProcessingTime(time: Timestamp): boolean {
    if (!this.#timers.advanceProcessingTime(time, this.context.flow)) return false;
    this.wakeAfter(this.#timers.nextProcessingTime);
    return true;
  }

  #addTo(place: Place, key: unknown, value: unknown, timestamp: Timestamp): void {
    const { window } = place;
    const namespace = this.#select(place);
    this.#contents.add(value, timestamp);
    const result = this.#trigger.onRecord(value, timestamp, window, this.#triggerContext.select(namespace));
    if (fires(result)) {
      this.results.emit(key, window, resultTimestamp(window), this.#contents.result());
      this.#contents.emitted();
    }
    if (purges(result)) this.#contents.clear();
    this.#registerCleanup(window, namespace);
  }

  /** Selects the window's contents, and answers its name. */
  #select({ window, stateWindow }: Place): string {
    const namespace = this.#names.of(window);
    this.#contents.select(stateWindow === window ? namespace : this.#names.of(stateWindow), window);
    return namespace;
  }

  #onTimer(domain: "event" | "processing", time: Timestamp, key: unknown, namespace: string): void {
    const window = windowOfKey(namespace);
    const stateWindow = this.#stateWindow(window);
    if (stateWindow === undefined) return;
    this.#select({ window, stateWindow });
    this.#fireTimer(domain, time, key, window, namespace);
    const cleansUp =
      domain === (this.#eventTime ? "event" : "processing") && time === this.#cleanupTime(window);
    if (cleansUp) this.#drop(window, key, namespace);
  }

  #fireTimer(
    domain: "event" | "processing",
    time: Timestamp,
    key: unknown,
    window: Window,
    namespace: string,
  ): void {
    const last = resultTimestamp(window);
    const context = this.#triggerContext.select(namespace);
    try {
      const result =
        domain === "event"
          ? this.#trigger.onEventTime(time, window, context)
          : this.#trigger.onProcessingTime(time, window, context);
      if (fires(result)) {
        this.results.fire(key, window, last, this.#contents, undefined, true);
        this.#contents.emitted();
      }
      if (purges(result)) this.#contents.clear();
    } catch (error) {
      this.context.poison(error, { key, window }, last);
    }
  }

  /** The window is over, lateness included: nothing of it is kept. */
  #drop(window: Window, key: unknown, namespace: string): void {
    this.#contents.clear();
    this.#trigger.clear(window, this.#triggerContext.select(namespace));
    this.results.clear(key, window, resultTimestamp(window));
    if (window.kind === "time") this.#merging?.retire(window);
  }

  /** Where a window's contents are; undefined where it has merged into another: its trigger may leave timers behind. */
  #stateWindow(window: Window): Window | undefined {
    return this.#merging === undefined || window.kind !== "time" ? window : this.#merging.stateWindow(window);
  }

  /** Puts a window among the key's others, merging those it meets; one that is over and meets none is left out. */
  #merge(merging: MergingWindows, assigned: Window, watermark: Timestamp): Place {
    if (assigned.kind !== "time") {
      throw new MillraceError(
        "INVALID_ARGUMENT",
        "an assigner of merging windows must assign time windows, it assigned the global one",
      );
    }
    const placement = merging.place(assigned);
    const { window, merged } = placement;
    if (this.#isOver(window, watermark)) {
      if (merged.length === 0) return placement;
      throw new MillraceError(
        "INTERNAL",
        `windows merged into ${windowKey(window)}, which was over at the watermark ${watermark} already`,
      );
    }
    merging.commit(placement);
    if (merged.length === 0) return placement;
    const names = merged.map(windowKey);
    this.#trigger.onMerge!(window, this.#triggerContext.selectMerged(windowKey(window), names));
    for (const [i, old] of merged.entries()) {
      this.#trigger.clear(old, this.#triggerContext.select(names[i]!));
      this.#deleteCleanup(old, names[i]!);
    }
    if (placement.mergedStates.length > 0) {
      this.#contents.merge(windowKey(placement.stateWindow), placement.mergedStates.map(windowKey));
    }
    return placement;
  }

  #isOver(window: Window, watermark: Timestamp): boolean {
    return this.#eventTime && this.#cleanupTime(window) <= watermark;
  }

  #cleanupTime(window: Window): Timestamp {
    return this.#eventTime ? maxTimestamp(window) + this.#lateness : maxTimestamp(window);
  }

  #registerCleanup(window: Window, namespace: string): void {
    const time = this.#cleanupTime(window);
    // Windows without end are never cleaned up.
    if (time === Infinity) return;
    if (this.#eventTime) this.#timers.registerEventTimeTimer(namespace, time);
    else this.#timers.registerProcessingTimeTimer(namespace, time);
  }

  #deleteCleanup(window: Window, namespace: string): void {
    const time = this.#cleanupTime(window);
    if (this.#eventTime) this.#timers.deleteEventTimeTimer(namespace, time);
    else this.#timers.deleteProcessingTimeTimer(namespace, time);
  }
}

/** A window, and the one under whose name its contents are kept. */
interface Place {
  readonly window: Window;
  readonly stateWindow: Window;
}

const placeOf = (window: Window): Place => ({ window, stateWindow: window });

function fires(result: TriggerResult): boolean {
  return result === "fire" || result === "fireAndPurge";
}

function purges(result: TriggerResult): boolean {
  return result === "purge" || result === "fireAndPurge";
}
