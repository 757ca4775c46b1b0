import type { Duration } from "../time/durations.ts";
import type { RichFunction } from "./runtime-context.ts";

/** What an asynchronous function knows of its call. */
export interface AsyncContext {
  /** Aborted when the call has timed out or the task is cancelled. */
  readonly signal: AbortSignal;
  /** 1 for the first try, growing with each retry. */
  readonly attempt: number;
}

/** Looks something up for each record; answers one result, or an array of any number through `asyncFlatMap`. */
export type AsyncFunction<In, Out> = (value: In, context: AsyncContext) => Promise<Out>;
/** An asynchronous function with a life, and an answer of its own for calls that time out. */
export interface RichAsyncFunction<In, Out> extends RichFunction {
  call(value: In, context: AsyncContext): Promise<Out>;
  /** Answers instead of the call that timed out; without it the timeout fails the task. */
  onTimeout?(value: In): Out | Promise<Out>;
}

/** Which failures are tried again, and when. Delays in ms. */
export interface AsyncRetryStrategy {
  /** Tries in all, the first included. */
  readonly maxAttempts: number;
  /** Before the second try. */
  readonly delay: Duration;
  /** Multiplies the delay after each try; default 1 (fixed delay). */
  readonly multiplier?: number;
  /** The longest delay; default no limit. */
  readonly maxDelay?: Duration;
  /** Whether this error is worth another try; default: every one. */
  readonly retryIf?: (error: unknown) => boolean;
  /** Whether this result is worth another try; default: none. */
  readonly retryIfResult?: (result: unknown) => boolean;
}

/** Settings of asynchronous operators. */
export interface AsyncOptions {
  /** "ordered" (default): results in the order of their records; "unordered": as they come, but never over a watermark. */
  readonly mode?: "ordered" | "unordered";
  /** How many records may be underway in a subtask; default 100. */
  readonly capacity?: number;
  /** How long a record may take, all tries included, ms; default 60000; 0 for no limit. */
  readonly timeout?: Duration;
  readonly retry?: AsyncRetryStrategy;
}
