import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { CapturedState } from "../../captured-state.ts";
import type { Layout } from "../layout.ts";
import { Timer } from "./timer.ts";
import type { TimerSet } from "./timer-set.ts";

/** The timers of a key: one `Timer`, or a `TimerSet`. They are restored through their service, which queues them. */
export class TimerLayout implements Layout {
  readonly single = false;
  weight(stored: unknown): number {
    return stored instanceof Timer ? 1 : (stored as TimerSet).size;
  }

  capture(stored: unknown): CapturedState {
    const timers = timersOf(stored as Timer | TimerSet);
    return {
      kind: "timers",
      timers: timers.map(({ bucket, namespace }) => ({ time: bucket.time, namespace })),
    };
  }

  image(stored: unknown): CapturedState {
    return this.capture(stored);
  }

  releaseImage(): void {}

  restore(): never {
    throw new MillraceError("INTERNAL", "timers are restored through their service");
  }

  sweep(stored: unknown): unknown {
    return stored;
  }
}

/** All timers of a key, as they are now. */
export function timersOf(stored: Timer | TimerSet): readonly Timer[] {
  return stored instanceof Timer ? [stored] : stored.all();
}
