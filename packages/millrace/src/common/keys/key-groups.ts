import { MillraceError } from "../errors/millrace-error.ts";
import { finishHash } from "./murmur3.ts";

/** Bounds of the maximum parallelism. */
export const MIN_DERIVED_MAX_PARALLELISM = 128;
export const MAX_MAX_PARALLELISM = 32_768;

/** The key groups [start, end) that a subtask owns. */
export interface KeyGroupRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The key group of a key with this hash, from 0 to `maxParallelism` - 1. The hash is finished once more, so that keys of
 * one group still spread over a table that indexes by the hash's own bits.
 */
export function keyGroupOf(hash: number, maxParallelism: number): number {
  return (finishHash(hash, 4) >>> 0) % maxParallelism;
}

/** The key groups of a subtask: contiguous, together all of them, as even as can be. */
export function keyGroupRange(maxParallelism: number, parallelism: number, subtask: number): KeyGroupRange {
  checkParallelism(maxParallelism, parallelism);
  if (!(Number.isInteger(subtask) && subtask >= 0 && subtask < parallelism)) {
    throw new MillraceError("INTERNAL", `subtask ${subtask} is not one of ${parallelism}`);
  }
  return {
    start: Math.ceil((subtask * maxParallelism) / parallelism),
    end: Math.ceil(((subtask + 1) * maxParallelism) / parallelism),
  };
}

/** The subtask that owns a key group: the inverse of `keyGroupRange`. Unchecked, since it may run for each record. */
export function subtaskOfKeyGroup(maxParallelism: number, parallelism: number, keyGroup: number): number {
  return Math.floor((keyGroup * parallelism) / maxParallelism);
}

/**
 * The maximum parallelism of an operator that was given none: the next power of two of 1.5 times its parallelism, at
 * least 128, at most 32,768. It is fixed with the first checkpoint.
 *
 * @example `deriveMaxParallelism(4)` is 128, `deriveMaxParallelism(100)` is 256
 */
export function deriveMaxParallelism(parallelism: number): number {
  checkParallelism(MAX_MAX_PARALLELISM, parallelism);
  const wanted = parallelism + Math.floor(parallelism / 2);
  const power = 2 ** Math.ceil(Math.log2(wanted));
  return Math.min(Math.max(power, MIN_DERIVED_MAX_PARALLELISM), MAX_MAX_PARALLELISM);
}

function checkParallelism(maxParallelism: number, parallelism: number): void {
  if (!(Number.isInteger(maxParallelism) && maxParallelism >= 1 && maxParallelism <= MAX_MAX_PARALLELISM)) {
    throw new MillraceError(
      "INVALID_ARGUMENT",
      `expected a max parallelism from 1 to ${MAX_MAX_PARALLELISM}, got ${maxParallelism}`,
    );
  }
  if (!(Number.isInteger(parallelism) && parallelism >= 1 && parallelism <= maxParallelism)) {
    throw new MillraceError(
      "INVALID_ARGUMENT",
      `expected a parallelism from 1 to the max parallelism ${maxParallelism}, got ${parallelism}`,
    );
  }
}
