import { copyFlat } from "../../../common/codec/copy-for-state.ts";
import { unreachable } from "../../../common/errors/unreachable.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { ReduceFunction } from "../../../common/functions/functions.ts";
import type { AggregateFunction } from "../../../common/state/state.ts";
import type { TypeInfo } from "../../../common/types/type-info.ts";
import type { WindowContents } from "../../../graph/stream/operator-spec.ts";
import { refusePromise } from "./refuse-promise.ts";

/**
 * How the records of one key and window become one accumulator, and that a result: reducing, aggregating, or a list of all.
 * Accumulators live in state tables; `add` may change the one it gets, which the caller took with `getForUpdate`.
 */
export interface WindowFold {
  /** The accumulator's type, for snapshots; undefined where none was declared. */
  readonly type: TypeInfo<unknown> | undefined;
  /** The accumulator of a first record. */
  create(value: unknown): unknown;
  /** The accumulator with one more record: the same one, changed, or a new one that replaces it. */
  add(accumulator: unknown, value: unknown): unknown;
  /**
   * What the window's function gets or the window emits; undefined where there is nothing to emit. `shared`: the accumulator
   * stays in use, so that the result, which must not change any more, is none of its live parts.
   */
  result(accumulator: unknown, shared: boolean): unknown;
  /** The result of no record at all, where an evictor has removed them. */
  empty(): unknown;
}

/** A fold whose accumulators can be joined, so that windows can be made of slices. */
export interface MergeableFold extends WindowFold {
  /** Two accumulators, neither of which is changed, as one new accumulator. */
  join(a: unknown, b: unknown): unknown;
  /** `b` joined into `a`, which came from `join` and may be changed; `b` is left alone. */
  joinInto(a: unknown, b: unknown): unknown;
}

/** The fold of a window's contents. */
export function windowFold(contents: WindowContents): WindowFold {
  switch (contents.kind) {
    case "reduce":
      return new ReduceFold(contents.reduce, contents.type);
    case "aggregate":
      return new AggregateFold(contents.aggregate);
    case "process":
      return new ListFold(undefined);
    default:
      return unreachable(contents, "window contents");
  }
}

/** The fold of contents that may share slices; undefined for those that may not (correctness rule 14). */
export function mergeableFold(contents: WindowContents): MergeableFold | undefined {
  switch (contents.kind) {
    case "reduce":
      return contents.mergeable ? new ReduceFold(contents.reduce, contents.type) : undefined;
    case "aggregate": {
      const { merge } = contents.aggregate;
      return merge === undefined
        ? undefined
        : new MergingAggregateFold(contents.aggregate, merge.bind(contents.aggregate));
    }
    case "process":
      return undefined;
    default:
      return unreachable(contents, "window contents");
  }
}

/** The accumulator is a record; reducing makes a new one. */
class ReduceFold implements MergeableFold {
  readonly type: TypeInfo<unknown> | undefined;
  readonly #reduce: ReduceFunction<unknown>;
  #tried = false;

  constructor(reduce: ReduceFunction<unknown>, type: TypeInfo<unknown> | undefined) {
    this.#reduce = reduce;
    this.type = type;
  }

  create(value: unknown): unknown {
    return value;
  }

  add(accumulator: unknown, value: unknown): unknown {
    const next = this.#reduce(accumulator, value);
    if (next === undefined) throw noResult("a window's reduce function must return a record");
    if (!this.#tried) {
      refusePromise(next, "a window's reduce function");
      this.#tried = true;
    }
    return next;
  }

  result(accumulator: unknown): unknown {
    return accumulator;
  }

  empty(): unknown {
    return undefined;
  }

  join(a: unknown, b: unknown): unknown {
    return this.add(a, b);
  }

  joinInto(a: unknown, b: unknown): unknown {
    return this.add(a, b);
  }
}

class AggregateFold implements WindowFold {
  readonly type: TypeInfo<unknown> | undefined;
  protected readonly aggregate: AggregateFunction<unknown, unknown, unknown>;

  constructor(aggregate: AggregateFunction<unknown, unknown, unknown>) {
    this.aggregate = aggregate;
    this.type = aggregate.accumulatorType;
  }

  create(value: unknown): unknown {
    const first = this.add(this.aggregate.createAccumulator(), value);
    refusePromise(first, "an aggregate's add");
    return first;
  }

  add(accumulator: unknown, value: unknown): unknown {
    const next = this.aggregate.add(accumulator, value);
    if (next === undefined) throw noResult("an aggregate's add must return the accumulator");
    return next;
  }

  result(accumulator: unknown, shared: boolean): unknown {
    const result = this.aggregate.getResult(accumulator);
    return shared && result === accumulator ? copyFlat(result) : result;
  }

  empty(): unknown {
    return this.aggregate.getResult(this.aggregate.createAccumulator());
  }
}

class MergingAggregateFold extends AggregateFold implements MergeableFold {
  readonly #merge: (a: unknown, b: unknown) => unknown;

  constructor(
    aggregate: AggregateFunction<unknown, unknown, unknown>,
    merge: (a: unknown, b: unknown) => unknown,
  ) {
    super(aggregate);
    this.#merge = merge;
  }

  join(a: unknown, b: unknown): unknown {
    return this.joinInto(this.joinInto(this.aggregate.createAccumulator(), a), b);
  }

  joinInto(a: unknown, b: unknown): unknown {
    const joined = this.#merge(a, b);
    if (joined === undefined) throw noResult("an aggregate's merge must return the joined accumulator");
    if (joined === b && typeof b === "object") {
      throw new MillraceError(
        "INVALID_ARGUMENT",
        "an aggregate's merge(a, b) returned b itself, which other windows still use",
        {
          help: "Join b into a and return a; where a is empty, copy b's fields.",
        },
      );
    }
    return joined;
  }
}

/** The accumulator is an array of all records. */
class ListFold implements WindowFold {
  readonly type: TypeInfo<unknown> | undefined;

  constructor(type: TypeInfo<unknown> | undefined) {
    this.type = type;
  }

  create(value: unknown): unknown {
    return [value];
  }

  add(accumulator: unknown, value: unknown): unknown {
    (accumulator as unknown[]).push(value);
    return accumulator;
  }

  result(accumulator: unknown, shared: boolean): unknown {
    return shared ? (accumulator as unknown[]).slice() : accumulator;
  }

  empty(): unknown {
    return [];
  }
}

function noResult(expected: string): MillraceError {
  return new MillraceError("INVALID_ARGUMENT", `${expected}, it returned undefined`, {
    help: "Check for a missing return statement.",
  });
}
