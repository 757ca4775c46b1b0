import type { Clock } from "../../common/clock/clock.ts";
import type { Source, SourceGuarantee, SourceSplit } from "../../common/connector/source.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import type { TypeLike } from "../../common/types/type-like.ts";
import { BufferedSourceReader } from "../base/buffered-source-reader.ts";
import { refuseUnknownOptions, requireCount, requireOption } from "../base/options.ts";
import { iteratorOf, PumpFetcher } from "../base/pump-fetcher.ts";
import { schemaType } from "../base/schema.ts";
import type { SplitFetcher } from "../base/split-batch.ts";
import { StaticEnumerator, type StaticEnumeratorState } from "../base/static-enumerator.ts";
import { CustomBatch, type CustomProgress, type CustomSplit, type ReadItem } from "./custom-split.ts";

/** What `read` may use. */
export interface ReadContext {
  /** Aborted when no more is wanted: the job ends or has failed. Give it to what you wait for. */
  readonly signal: AbortSignal;
  /** Time as the job sees it. */
  readonly clock: Clock;
  readonly subtaskIndex: number;
  readonly parallelism: number;
}

/** Options of `createSource`. */
export interface CreateSourceOptions<T, S extends SourceSplit, P> {
  /** For messages and the operator's default name. */
  readonly name: string;
  /** Default "unbounded". A bounded one ends when all its splits are read. */
  readonly boundedness?: "bounded" | "unbounded" | undefined;
  /** The records' type. */
  readonly schema?: TypeLike<T> | undefined;
  /**
   * The parts that can be read apart (files, partitions, tables), in the order in which they should be; plain data with ids that stay
   * the same. Called once for each job, not again after a restore. Default: one.
   */
  readonly splits?: (() => readonly S[] | Promise<readonly S[]>) | undefined;
  /**
   * Reads a split from a position on, undefined for its start. Yields values, or `sourceRecord(value, { position })`s.
   *
   * After a restore it is called with the position of the last record that had one, and the records behind that are passed
   * over: so a source that yields plain values is read again from the start, and must yield the same ones.
   */
  readonly read: (
    split: S,
    position: P | undefined,
    context: ReadContext,
  ) => AsyncIterable<ReadItem<T, P>> | Iterable<ReadItem<T, P>>;
  /** What holds after a restore; default "exactly-once", which needs what `read` demands. */
  readonly guarantee?: SourceGuarantee | undefined;
  /** The greatest useful parallelism; default without `splits` 1, else no limit. */
  readonly maxParallelism?: number | undefined;
  /**
   * How many splits one reader reads at a time. Default all of its own, dealt out evenly over the readers: none of them can make another's
   * records late, since each has a watermark from the start. With many large splits give a number: then a reader takes the next
   * one of a bounded source when it has done with another, and event time should follow the order of the splits.
   */
  readonly concurrency?: number | undefined;
}

/** A source made by `createSource`. */
export type CustomSource<T, S extends SourceSplit, P> = Source<
  T,
  CustomSplit<S, P>,
  StaticEnumeratorState<CustomSplit<S, P>>
>;

const OPTIONS = [
  "name",
  "boundedness",
  "schema",
  "splits",
  "read",
  "guarantee",
  "maxParallelism",
  "concurrency",
] as const;

/**
 * A source of one's own, from a function that reads a split: an async generator is enough. Records are read ahead into a bounded
 * buffer; positions are kept for checkpoints.
 *
 * @throws MillraceError INVALID_OPTION, UNKNOWN_OPTION, INVALID_TYPE
 * @example
 * ```ts
 * const orders = createSource({
 *   name: "orders",
 *   boundedness: "bounded",
 *   schema: Order,
 *   splits: async () => (await api.listDays()).map((day) => ({ splitId: day })),
 *   read: async function* (split, position: number | undefined, { signal }) {
 *     for (let page = position ?? 0; ; page++) {
 *       const orders = await api.orders(split.splitId, page, { signal });
 *       if (orders.length === 0) return;
 *       yield* orders.slice(0, -1);
 *       yield sourceRecord(orders.at(-1)!, { position: page + 1 });
 *     }
 *   },
 * });
 * ```
 */
export function createSource<T, S extends SourceSplit = SourceSplit, P = never>(
  options: CreateSourceOptions<T, S, P>,
): CustomSource<T, S, P> {
  const { name, read, boundedness = "unbounded", guarantee = "exactly-once" } = options;
  requireOption(typeof name === "string" && name !== "", "createSource", "name", "a name", name);
  refuseUnknownOptions(name, options, OPTIONS);
  requireOption(typeof read === "function", name, "read", "a function", read);
  requireOption(
    boundedness === "bounded" || boundedness === "unbounded",
    name,
    "boundedness",
    `"bounded" or "unbounded"`,
    boundedness,
  );
  requireCount(name, "maxParallelism", options.maxParallelism, 1);
  requireCount(name, "concurrency", options.concurrency, 1);
  const concurrency = options.concurrency ?? Number.MAX_SAFE_INTEGER;
  const one = options.splits === undefined;
  return {
    name,
    boundedness,
    guarantee,
    type: schemaType(options.schema),
    maxParallelism: options.maxParallelism ?? (one ? 1 : undefined),
    createEnumerator: (context, restored) =>
      new StaticEnumerator(
        context,
        {
          name,
          // Without splits, S is what has an id and no more.
          discover: async () =>
            customSplits<S, P>(name, (await options.splits?.()) ?? [{ splitId: "0" } as S]),
          order: (a, b) => a.order - b.order,
          // Splits that never end, or that are all read at once, must not all fall to the reader that asks first.
          rule: boundedness === "bounded" && options.concurrency !== undefined ? "next" : "share",
          owner: (split) => split.order,
        },
        restored,
      ),
    createReader: (context) =>
      new BufferedSourceReader(context, {
        name,
        concurrency,
        order: (a, b) => a.order - b.order,
        open: (split) =>
          fetchCustom(read, split, {
            clock: context.clock,
            subtaskIndex: context.runtime.subtaskIndex,
            parallelism: context.runtime.parallelism,
          }),
      }),
  };
}

function customSplits<S extends SourceSplit, P>(
  name: string,
  splits: readonly S[],
): readonly CustomSplit<S, P>[] {
  const ids = new Set<string>();
  return splits.map((split, order) => {
    const { splitId } = split;
    if (typeof splitId !== "string" || ids.has(splitId)) {
      throw new MillraceError(
        "SOURCE_FAILED",
        `${name}: splits: expected each to have a splitId of its own, got ${JSON.stringify(splitId)} ${ids.has(splitId) ? "twice" : ""}`,
      );
    }
    ids.add(splitId);
    return { splitId, split, order, position: undefined, skip: 0 };
  });
}

function fetchCustom<T, S extends SourceSplit, P>(
  read: CreateSourceOptions<T, S, P>["read"],
  split: CustomSplit<S, P>,
  facts: Omit<ReadContext, "signal">,
): SplitFetcher<T, CustomSplit<S, P>> {
  const controller = new AbortController();
  const progress: CustomProgress<P> = { position: split.position, skip: split.skip };
  return new PumpFetcher({
    open: () =>
      skipping(
        iteratorOf(read(split.split, split.position, { ...facts, signal: controller.signal })),
        split.skip,
      ),
    batch: (items) => new CustomBatch(items, split, progress),
    abort: () => controller.abort(),
  });
}

/** An iterator that passes over its first `count` items. */
function skipping<I>(
  iterator: AsyncIterator<I> | Iterator<I>,
  count: number,
): AsyncIterator<I> | Iterator<I> {
  if (count === 0) return iterator;
  let left = count;
  return {
    async next() {
      for (; left > 0; left--) {
        const passed = await iterator.next();
        if (passed.done === true) return passed;
      }
      return iterator.next();
    },
    async return() {
      return (await iterator.return?.()) ?? { done: true, value: undefined };
    },
  };
}
