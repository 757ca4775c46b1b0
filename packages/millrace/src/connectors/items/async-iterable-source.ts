import type { TypeLike } from "../../common/types/type-like.ts";
import type { SourceSplit } from "../../common/connector/source.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { requireOption } from "../base/options.ts";
import { iteratorOf } from "../base/pump-fetcher.ts";
import { createSource, type CustomSource } from "../custom/create-source.ts";
import { SourceRecord } from "../custom/source-record.ts";

/** Options of `asyncIterableSource`. */
export interface AsyncIterableSourceOptions<T> {
  /** Default "unbounded"; it ends when the iterable does in either case. */
  readonly boundedness?: "bounded" | "unbounded" | undefined;
  /**
   * Whether the factory gives the same items each time. Then the source is exactly-once: a restored job passes over those it had.
   * Default false: at-most-once, a restored job takes what the factory gives as new.
   */
  readonly repeatable?: boolean | undefined;
  /** The records' type. */
  readonly schema?: TypeLike<T> | undefined;
}

const NAME = "async iterable source";

/**
 * Reads what an asynchronous iterable gives, by one subtask. A factory is called for each attempt; an iterable on its own can be
 * read once, so a job that reads one can't start again after a failure.
 *
 * @throws MillraceError INVALID_OPTION
 * @example
 * ```ts
 * asyncIterableSource(() => on(emitter, "reading").map(([reading]) => reading))
 * ```
 */
export function asyncIterableSource<T>(
  items: AsyncIterable<T> | (() => AsyncIterable<T> | Iterable<T>),
  options: AsyncIterableSourceOptions<T> = {},
): CustomSource<T, SourceSplit, true> {
  requireOption(
    typeof items === "function" ||
      (typeof items === "object" && items !== null && Symbol.asyncIterator in items),
    NAME,
    "items",
    "an async iterable, or a function that makes one",
    items,
  );
  const repeatable = options.repeatable ?? false;
  const open = typeof items === "function" ? items : once(items);
  return createSource<T, SourceSplit, true>({
    name: NAME,
    boundedness: options.boundedness,
    schema: options.schema,
    guarantee: repeatable ? "exactly-once" : "at-most-once",
    read: () => ({ [Symbol.asyncIterator]: () => asyncIterator(open(), !repeatable) }),
  });
}

/** Gives an iterable of which there is one. An iterator, as generators make them, is used up by its first reader. */
function once<T>(items: AsyncIterable<T>): () => AsyncIterable<T> {
  let taken = false;
  return () => {
    const iterator: unknown = items[Symbol.asyncIterator]();
    if (taken && iterator === items) {
      throw new MillraceError(
        "SOURCE_FAILED",
        `${NAME}: the iterable was read by an earlier attempt of the job, or by another job, and can't be read again`,
        { help: "Give a function that makes the iterable: asyncIterableSource(() => ...)." },
      );
    }
    taken = true;
    return items;
  };
}

/** @param forget whether each record says that reading goes on at its iterable's start, whatever came before it */
function asyncIterator<T>(
  iterable: AsyncIterable<T> | Iterable<T>,
  forget: boolean,
): AsyncIterator<T | SourceRecord<T, true>> {
  const iterator = iteratorOf(iterable);
  return {
    async next() {
      const next = await iterator.next();
      if (next.done === true || !forget) return next;
      return { done: false, value: new SourceRecord(next.value, true, undefined) };
    },
    async return() {
      await iterator.return?.();
      return { done: true, value: undefined };
    },
  };
}
