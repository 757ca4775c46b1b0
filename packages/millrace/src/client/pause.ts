import type { Clock } from "../common/clock/clock.ts";
import { MillraceError } from "../common/errors/millrace-error.ts";

/** Settles after `delay` ms. @throws the signal's reason when it is aborted meanwhile, or before */
export function pause(clock: Clock, delay: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      timer.cancel();
      reject(
        signal?.reason instanceof Error
          ? signal.reason
          : new MillraceError("TASK_CANCELED", "waiting was aborted", { cause: signal?.reason }),
      );
    };
    const timer = clock.schedule(delay, () => {
      signal?.removeEventListener("abort", abort);
      resolve();
    });
    signal?.addEventListener("abort", abort, { once: true });
    if (signal?.aborted === true) abort();
  });
}
