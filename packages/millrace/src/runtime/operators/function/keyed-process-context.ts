import type {
  OnTimerContext,
  OutputRecord,
  StateHandles,
  StateRecord,
  TimerService,
} from "../../../common/functions/process-functions.ts";
import type { Timestamp } from "../../../common/time/timestamps.ts";
import type { KeyedStateStore } from "../../state/keyed-state.ts";
import type { InternalTimerService } from "../../state/timers.ts";
import type { OperatorContext } from "../operator.ts";
import type { WatermarkProgress } from "../window/watermark-progress.ts";
import { OperatorProcessContext } from "./process-context.ts";

/** What keyed process functions see, in `onRecord` and `onTimer` alike. */
export class OperatorKeyedContext
  extends OperatorProcessContext
  implements OnTimerContext<unknown, unknown, StateRecord, OutputRecord>
{
  currentKey: unknown = undefined;
  timeDomain: "event" | "processing" = "event";
  /** Filled when states are registered. */
  state: StateHandles<StateRecord> = {};
  readonly timers: TimerService;
  readonly #progress: WatermarkProgress;

  constructor(
    context: OperatorContext,
    outputs: OutputRecord | undefined,
    timers: InternalTimerService,
    progress: WatermarkProgress,
  ) {
    super(context, outputs);
    this.#progress = progress;
    this.timers = new UserTimers(timers, () => this.currentWatermark());
  }

  /** After a restore, what the key's group had reached before counts. */
  override currentWatermark(): Timestamp {
    return this.#progress.of(this.currentKey);
  }
}

/** The handles of declared states, by field name. */
export function declaredStates(
  store: KeyedStateStore,
  states: StateRecord | undefined,
): StateHandles<StateRecord> {
  const handles = Object.entries(states ?? {}).map(([field, descriptor]) => [
    field,
    store.getState(field, descriptor),
  ]);
  return Object.fromEntries(handles) as StateHandles<StateRecord>;
}

/** Timers as users see them: without namespace. */
class UserTimers implements TimerService {
  readonly #timers: InternalTimerService;
  readonly #watermark: () => Timestamp;

  constructor(timers: InternalTimerService, watermark: () => Timestamp) {
    this.#timers = timers;
    this.#watermark = watermark;
  }

  currentProcessingTime(): Timestamp {
    return this.#timers.currentProcessingTime();
  }

  currentWatermark(): Timestamp {
    return this.#watermark();
  }

  registerEventTimeTimer(time: Timestamp): void {
    this.#timers.registerEventTimeTimer("", time);
  }

  registerProcessingTimeTimer(time: Timestamp): void {
    this.#timers.registerProcessingTimeTimer("", time);
  }

  deleteEventTimeTimer(time: Timestamp): void {
    this.#timers.deleteEventTimeTimer("", time);
  }

  deleteProcessingTimeTimer(time: Timestamp): void {
    this.#timers.deleteProcessingTimeTimer("", time);
  }
}
