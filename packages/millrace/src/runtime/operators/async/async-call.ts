import type { Clock, ClockTimer } from "../../../common/clock/clock.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type {
  AsyncContext,
  AsyncRetryStrategy,
  RichAsyncFunction,
} from "../../../common/functions/async-functions.ts";
import type { Duration } from "../../../common/time/durations.ts";
import type { AsyncEntry, AsyncOutcome } from "./async-entry.ts";

/** What calls need of their operator. */
export interface AsyncCallOptions {
  readonly fn: RichAsyncFunction<unknown, unknown>;
  readonly retry: AsyncRetryStrategy | undefined;
  /** ms, for the message. */
  readonly timeout: Duration;
  readonly clock: Clock;
  /** Told when the entry has its outcome; never from within `start`. Must not throw. */
  onDone(call: AsyncCall): void;
}

/** The work on one record: the function's call, its retries, its timeout. The first outcome counts. */
export class AsyncCall {
  readonly entry: AsyncEntry;
  readonly #options: AsyncCallOptions;
  /** Of the timeout, on the monotonic clock. */
  readonly deadline: number;
  #attempt: CallContext | undefined;
  #attempts = 0;
  #retryTimer: ClockTimer | undefined;
  #over = false;

  constructor(entry: AsyncEntry, deadline: number, options: AsyncCallOptions) {
    this.entry = entry;
    this.deadline = deadline;
    this.#options = options;
  }

  /** Whether the outcome is there, or nobody waits for it. */
  get over(): boolean {
    return this.#over;
  }

  start(): void {
    const context = new CallContext(++this.#attempts);
    this.#attempt = context;
    invoke(() => this.#options.fn.call(this.entry.value, context))
      .then(
        (result) => this.#answered(context, result),
        (error: unknown) => this.#failed(context, error),
      )
      // What the retry strategy's functions throw.
      .catch((error: unknown) => this.#settle({ kind: "error", error }));
  }

  /** The time is over: the call is aborted, and the function asked for an answer instead. */
  timeOut(): void {
    if (this.#over) return;
    this.#stop();
    const { fn, timeout } = this.#options;
    if (fn.onTimeout === undefined) {
      const error = new MillraceError("USER_FUNCTION_TIMEOUT", `no answer within ${timeout} ms`, {
        retryable: true,
        help: "Raise the operator's timeout, or answer in onTimeout.",
      });
      this.#finish({ kind: "error", error });
      return;
    }
    void invoke(() => fn.onTimeout?.(this.entry.value)).then(
      (result) => this.#finish({ kind: "result", result }),
      (error: unknown) => this.#finish({ kind: "error", error }),
    );
  }

  /** The task is cancelled: nobody waits any more. */
  cancel(): void {
    this.#stop();
  }

  #answered(context: CallContext, result: unknown): void {
    if (context !== this.#attempt) return;
    if (this.#options.retry?.retryIfResult?.(result) === true && this.#retries()) return;
    this.#settle({ kind: "result", result });
  }

  #failed(context: CallContext, error: unknown): void {
    if (context !== this.#attempt) return;
    const { retry } = this.#options;
    if (retry !== undefined && (retry.retryIf?.(error) ?? true) && this.#retries()) return;
    this.#settle({ kind: "error", error });
  }

  /** Sets another try, if one is left. */
  #retries(): boolean {
    const { retry, clock } = this.#options;
    if (retry === undefined || this.#attempts >= retry.maxAttempts) return false;
    const delay = retry.delay * (retry.multiplier ?? 1) ** (this.#attempts - 1);
    this.#attempt = undefined;
    this.#retryTimer = clock.schedule(Math.min(delay, retry.maxDelay ?? Infinity), () => this.start());
    return true;
  }

  #settle(outcome: AsyncOutcome): void {
    this.#over = true;
    this.#attempt = undefined;
    this.#finish(outcome);
  }

  #stop(): void {
    this.#over = true;
    this.#retryTimer?.cancel();
    this.#attempt?.abort();
    this.#attempt = undefined;
  }

  #finish(outcome: AsyncOutcome): void {
    this.entry.outcome = outcome;
    this.#options.onDone(this);
  }
}

/** What a call knows. The signal is made when it is first asked for: most functions don't. */
class CallContext implements AsyncContext {
  readonly attempt: number;
  #controller: AbortController | undefined;
  #aborted = false;

  constructor(attempt: number) {
    this.attempt = attempt;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  abort(): void {
    this.#aborted = true;
    this.#controller?.abort();
  }
}

/** A call's promise, also where it throws or answers without one. */
async function invoke(call: () => unknown): Promise<unknown> {
  return await call();
}
