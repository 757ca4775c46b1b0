import type { TypeLike } from "../../common/types/type-like.ts";
import type { SourceSplit } from "../../common/connector/source.ts";
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
 * read once.
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
  const open = typeof items === "function" ? items : () => items;
  return createSource<T, SourceSplit, true>({
    name: NAME,
    boundedness: options.boundedness,
    schema: options.schema,
    guarantee: repeatable ? "exactly-once" : "at-most-once",
    read: () => ({ [Symbol.asyncIterator]: () => asyncIterator(open(), !repeatable) }),
  });
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
