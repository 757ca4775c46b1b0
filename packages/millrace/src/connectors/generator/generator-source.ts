import type { Source } from "../../common/connector/source.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import type { TypeLike } from "../../common/types/type-like.ts";
import { BufferedSourceReader } from "../base/buffered-source-reader.ts";
import { refuseUnknownOptions, requireCount, requireOption, requirePositive } from "../base/options.ts";
import { schemaType } from "../base/schema.ts";
import type { StaticEnumeratorState } from "../base/static-enumerator.ts";
import { indexEnumerator } from "./index-enumerator.ts";
import { indexFetcher, type IndexEmitter } from "./index-fetcher.ts";
import { INDEX_CONCURRENCY, type IndexSplit } from "./index-split.ts";

/** Options of `generatorSource`. */
export interface GeneratorSourceOptions<T> {
  /** Makes the record of an index. Pure and synchronous: after a restore it is asked for the same index again. */
  readonly generate: (index: number) => T;
  /** How many records; without it the source never ends. */
  readonly count?: number | undefined;
  /** The first index; default 0. */
  readonly from?: number | undefined;
  /** The rate of all subtasks together, records a second; default as fast as they are taken. */
  readonly ratePerSecond?: number | undefined;
  /** The records' type. */
  readonly schema?: TypeLike<T> | undefined;
}

const NAME = "generator source";

/**
 * Makes records from an index by a function. Split by parallelism (subtask i of p takes every p-th index), exactly-once.
 * Bounded when `count` is given.
 *
 * @throws MillraceError INVALID_OPTION, UNKNOWN_OPTION, INVALID_TYPE
 * @example
 * ```ts
 * generatorSource({ count: 1_000_000, ratePerSecond: 50_000, generate: (i) => ({ id: i, user: i % 100 }) })
 * ```
 */
export function generatorSource<T>(
  options: GeneratorSourceOptions<T>,
): Source<T, IndexSplit, StaticEnumeratorState<IndexSplit>> {
  refuseUnknownOptions(NAME, options, ["generate", "count", "from", "ratePerSecond", "schema"]);
  requireOption(typeof options.generate === "function", NAME, "generate", "a function", options.generate);
  requireCount(NAME, "count", options.count, 0);
  requireCount(NAME, "from", options.from, 0);
  requirePositive(NAME, "ratePerSecond", options.ratePerSecond);
  const from = options.from ?? 0;
  const end = options.count === undefined ? null : from + options.count;
  return {
    name: NAME,
    boundedness: end === null ? "unbounded" : "bounded",
    type: schemaType(options.schema),
    guarantee: "exactly-once",
    input: { from: String(from), count: String(options.count ?? "without end") },
    createEnumerator: (context, restored) => indexEnumerator(NAME, context, { from, end }, restored),
    createReader: (context) =>
      new BufferedSourceReader(context, {
        name: NAME,
        concurrency: INDEX_CONCURRENCY,
        open: (split) => indexFetcher(context, split, emitterOf(options), options.ratePerSecond),
      }),
  };
}

function emitterOf<T>(options: GeneratorSourceOptions<T>): IndexEmitter<T> {
  let checked = false;
  return (progress, step, end, output, limit) => {
    let next = progress.next;
    let passed = 0;
    while (passed < limit && next < end && !output.blocked) {
      const value = generateOne(options, next);
      if (!checked) {
        refuseAsync(value);
        checked = true;
      }
      output.collect(value);
      next += step;
      passed++;
    }
    progress.next = next;
    return passed;
  };
}

function generateOne<T>(options: GeneratorSourceOptions<T>, index: number): T {
  try {
    return options.generate(index);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new MillraceError("USER_FUNCTION_FAILED", `${NAME}: generate(${index}) failed: ${reason}`, {
      cause: error,
      details: { index },
    });
  }
}

function refuseAsync(value: unknown): void {
  if (value === null || typeof value !== "object" || typeof (value as { then?: unknown }).then !== "function")
    return;
  throw new MillraceError(
    "ASYNC_FUNCTION",
    `${NAME}: generate must answer with a record, but it answered with a promise`,
    {
      help: "Read asynchronous input by asyncIterableSource or createSource.",
    },
  );
}
