import { MillraceError } from "../../common/errors/millrace-error.ts";
import { preview } from "../../common/errors/preview.ts";
import type {
  AsyncFunction,
  AsyncOptions,
  RichAsyncFunction,
} from "../../common/functions/async-functions.ts";
import type { PerSubtask } from "../../common/functions/per-subtask.ts";
import type { AsyncSpec } from "../../graph/stream/operator-spec.ts";
import { specOf, type SpecWithFactory } from "./fresh-spec.ts";

type Argument = AsyncFunction<unknown, unknown> | RichAsyncFunction<unknown, unknown>;

/** What is known of the records. */
type AsyncInput = Pick<AsyncSpec, "inputType" | "inFlightKey">;

/** The spec of `asyncMap` and `asyncFlatMap`. @throws MillraceError INVALID_ARGUMENT, INVALID_OPTION */
export function asyncSpec(
  given: Argument | PerSubtask<Argument>,
  options: AsyncOptions | undefined,
  flat: boolean,
  input: AsyncInput,
): SpecWithFactory {
  const operation = flat ? "asyncFlatMap" : "asyncMap";
  const settled = settle(operation, options ?? {});
  return specOf<Argument>(given, (fn) => {
    const rich: RichAsyncFunction<unknown, unknown> = typeof fn === "function" ? { call: fn } : fn;
    if (typeof rich?.call !== "function") {
      throw new MillraceError(
        "INVALID_ARGUMENT",
        `${operation} takes an asynchronous function or an object with a method call, got ${preview(fn)}`,
      );
    }
    return { kind: "async", fn: rich, options: settled, flat, ...input };
  });
}

function settle(operation: string, options: AsyncOptions): AsyncSpec["options"] {
  const { mode = "ordered", capacity = 100, timeout = 60_000, retry } = options;
  const check = (ok: boolean, option: string, expected: string, got: unknown): void => {
    if (ok) return;
    throw new MillraceError(
      "INVALID_OPTION",
      `${operation}: ${option} must be ${expected}, got ${preview(got)}`,
    );
  };
  check(mode === "ordered" || mode === "unordered", "mode", '"ordered" or "unordered"', mode);
  check(Number.isSafeInteger(capacity) && capacity > 0, "capacity", "a whole number above 0", capacity);
  check(Number.isFinite(timeout) && timeout >= 0, "timeout", "milliseconds, 0 for none", timeout);
  if (retry !== undefined) {
    const { maxAttempts, delay, multiplier = 1, maxDelay } = retry;
    check(
      Number.isSafeInteger(maxAttempts) && maxAttempts > 0,
      "retry.maxAttempts",
      "a whole number above 0",
      maxAttempts,
    );
    check(Number.isFinite(delay) && delay >= 0, "retry.delay", "milliseconds", delay);
    check(Number.isFinite(multiplier) && multiplier >= 1, "retry.multiplier", "a number from 1", multiplier);
    check(maxDelay === undefined || maxDelay >= 0, "retry.maxDelay", "milliseconds", maxDelay);
  }
  return Object.freeze({
    mode,
    capacity,
    timeout,
    ...(retry === undefined ? {} : { retry: Object.freeze({ ...retry }) }),
  });
}
